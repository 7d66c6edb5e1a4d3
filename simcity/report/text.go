package report

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"
)

// How much of a text is kept, in bytes.
const (
	nameMost  = 200  // names of tests, rules, actors
	textMost  = 2000 // reasons, what was got and wanted
	stackMost = 4000
)

// plain is text that came from an app, fit for any report: it is UTF-8, has no
// terminal codes, no controls but tabs and line feeds, no marks that turn the
// direction of writing, no secret, and at most so many bytes.
func plain(text string, most int) string {
	const readable = 8 << 10 // of a text of any length; more than any report keeps
	if len(text) > readable {
		text = text[:readable]
	}
	text = strings.ToValidUTF8(text, "\uFFFD")
	text = terminalCodes.ReplaceAllString(text, "")
	text = strings.ReplaceAll(text, "\r\n", "\n")
	text = strings.Map(printable, text)
	return cut(hidden(text), most)
}

// line is plain in one line.
func line(text string, most int) string {
	return cut(strings.Join(strings.Fields(plain(text, textMost)), " "), most)
}

// terminalCodes are the escape sequences of terminals: colours, cursor, titles, links.
var terminalCodes = regexp.MustCompile(`\x1b\[[0-?]*[ -/]*[@-~]|\x1b[\]PX^_][^\x07\x1b]*(\x07|\x1b\\)?|\x1b[ -/]*[0-~]?|\x9b[0-?]*[ -/]*[@-~]`)

func printable(r rune) rune {
	switch {
	case r == '\n' || r == '\t':
		return r
	case r == '\r':
		return '\n'
	case r == 0x2028 || r == 0x2029: // other ends of lines
		return '\n'
	case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r), r == 0xFEFF, unicode.Is(unicode.Noncharacter_Code_Point, r):
		return -1
	}
	return r
}

// cut keeps the first most bytes, between characters.
func cut(text string, most int) string {
	const mark = "…"
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:max(0, most-len(mark))], "") + mark
}

// concealed stands for a secret.
const concealed = "***"

// secretForms are what secrets look like: the user of an address, what its query
// calls a secret, bearers, and tokens whose issuers made them to be found.
var secretForms = []struct{ form, instead string }{
	{`(?i)\b([a-z][a-z0-9+.-]*://)[^\s/"'<>]*@`, "${1}" + concealed + "@"},
	{`(?i)([?&;][a-z0-9_.-]*(?:token|secret|passw(?:or)?d|pwd|api[_-]?key|apikey|auth|signature|sig|credential|session)[a-z0-9_.-]*=)[^\s&"'<>#]+`, "${1}" + concealed},
	{`(?i)\b((?:bearer|basic)\s+)[a-z0-9._~+/=-]{8,}`, "${1}" + concealed},
	{`(?i)(https?://hooks\.[a-z0-9.-]+/)[^\s"'<>]+`, "${1}" + concealed},
	{`\b(gh[pousr]_|github_pat_|glpat-|xox[abeprs]-|sk_live_|rk_live_|sb_secret_|AKIA)[A-Za-z0-9_-]{8,}`, "${1}" + concealed},
	{`\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*`, concealed},
	{`-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]*(?:-----END [A-Z ]*PRIVATE KEY-----)?`, concealed},
}

var compiledForms = sync.OnceValue(func() []*regexp.Regexp {
	var all []*regexp.Regexp
	for _, form := range secretForms {
		all = append(all, regexp.MustCompile(form.form))
	}
	return all
})

// secretNames are the names of variables whose values are secrets.
var secretNames = regexp.MustCompile(`(?i)token|secret|passw|_pwd|api_?key|private_?key|credential|webhook|dsn|database_url`)

// secretLeast is how long a variable's value is before it counts as a secret: the
// word of a shorter one may stand in any text.
const secretLeast = 12

// environmentSecrets are the values of the process's secret variables, long ones first.
var environmentSecrets = sync.OnceValue(func() []string { return secretsOf(os.Environ()) })

func secretsOf(environ []string) []string {
	var all []string
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		if secretNames.MatchString(name) && len(value) >= secretLeast {
			all = append(all, value)
		}
	}
	slices.SortFunc(all, func(a, b string) int { return len(b) - len(a) })
	return all
}

// hidden conceals secrets.
func hidden(text string) string {
	for _, secret := range environmentSecrets() {
		text = strings.ReplaceAll(text, secret, concealed)
	}
	for i, form := range compiledForms() {
		text = form.ReplaceAllString(text, secretForms[i].instead)
	}
	return text
}
