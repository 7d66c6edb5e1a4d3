package report

import (
	"html"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func TestSecretsAreConcealed(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"postgres://root:pw@db:5432/x?sslmode=off":                             "postgres://***@db:5432/x?sslmode=off",
		"redis://:pw@cache/0":                                                  "redis://***@cache/0",
		"https://a@b@c/x":                                                      "https://***@c/x",
		"GET /cb?code=1&access_token=abc&x=2":                                  "GET /cb?code=1&access_token=***&x=2",
		"?X-Amz-Signature=abc#top":                                             "?X-Amz-Signature=***#top",
		"Authorization: Bearer abcdefghij":                                     "Authorization: Bearer ***",
		"authorization: basic YWxhZGRpbjpvcGVu":                                "authorization: basic ***",
		"ghp_0123456789abcdef and github_pat_11AAAAAAA0":                       "ghp_*** and github_pat_***",
		"xoxb-1234567890-abc sk_live_abcdefgh":                                 "xoxb-*** sk_live_***",
		"eyJhbGciOiJI.eyJzdWIiOiIx.c2lnbmF0dXJl":                               "***",
		"https://hooks.slack.com/services/T/B/x":                               "https://hooks.slack.com/***",
		"-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----": "***",
		"\x1b[1mghp_0123\x1b[0m456789abcdef":                                   "ghp_***",
		"mail to a@b.example about 12 tokens":                                  "mail to a@b.example about 12 tokens",
		"http://shop.example/a?page=2":                                         "http://shop.example/a?page=2",
	} {
		require.Equal(t, want, plain(text, textMost))
	}
}

func TestSecretsOfTheEnvironmentAreThoseOfSecretVariables(t *testing.T) {
	t.Parallel()
	require.Equal(t, []string{"longer-secret-of-all", "secret-value"}, secretsOf([]string{
		"HOME=/home/somebody-or-other", "STRIPE_API_KEY=secret-value", "X_TOKEN=longer-secret-of-all", "DB_PASSWORD=postgres", "odd",
		"PWD=/home/somebody/shop", "OLDPWD=/home/somebody/shop",
	}))
}

func TestTextsAreCutBetweenCharacters(t *testing.T) {
	t.Parallel()
	require.Equal(t, "ab…", cut("abßdefg", 6))
	require.Equal(t, "abc", cut("abc", 3))
	require.Equal(t, "…", cut("abcdef", 0))
}

var reference = regexp.MustCompile(`&#[0-9]+;`)

// Whatever the text, it is plain, code that reads as nothing else, and a message and
// a property that a runner reads back.
func FuzzEscapes(f *testing.F) {
	for _, text := range []string{"", "a|b`c`", "%0A::error::x", "\x1b]0;t\x07\xff\u202e", "</code>&#60;b>@x #1 www.a.b", "a\\|b\r\nc", "postgres://a:b@c"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		told := plain(text, textMost)
		require.True(t, utf8.ValidString(told))
		require.LessOrEqual(t, len(told), textMost)
		require.Equal(t, told, plain(told, textMost), "plain text stays as it is")
		for _, r := range told {
			require.True(t, r == '\n' || r == '\t' || !unicode.IsControl(r) && !unicode.Is(unicode.Bidi_Control, r))
		}
		if shown := code(told); shown != "" {
			inner := strings.TrimSuffix(strings.TrimPrefix(shown, "<code>"), "</code>")
			require.NotRegexp(t, "[<>&|`*_~@#\\[\\]\\\\!$:/.\n]", reference.ReplaceAllString(inner, ""))
			require.Equal(t, cut(strings.Join(strings.Fields(told), " "), 400), html.UnescapeString(inner))
		}
		require.NotContains(t, messageText(text), "\n")
		require.NotContains(t, messageText(text), "\r")
		require.Equal(t, text, strings.NewReplacer("%0D", "\r", "%0A", "\n", "%25", "%").Replace(messageText(text)))
		require.NotRegexp(t, "[:,\r\n]", propertyText(text))
		fenced := block("text", told)
		fence, _, _ := strings.Cut(fenced, "text\n")
		require.Equal(t, 2, strings.Count(fenced, fence))
	})
}
