package staging

import (
	"fmt"
	"strings"
)

// A Refusal says why a target may not be touched, and what to do. It never shows
// a secret: of URLs only scheme and host are told.
type Refusal struct {
	Field   string // the setting that is wrong
	Value   string
	Allowed string
	Fix     string
}

func (r *Refusal) Error() string {
	return fmt.Sprintf("simcity: %s is %s; allowed: %s; fix: %s", r.Field, r.Value, r.Allowed, r.Fix)
}

// excerpt is text of a stranger in one short line of plain letters.
func excerpt(text string) string {
	const most = 60
	plain := func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}
	text = strings.Map(plain, text[:min(len(text), most)])
	return fmt.Sprintf("%q", text)
}
