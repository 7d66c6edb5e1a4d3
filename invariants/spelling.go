package invariants

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/bookiji/simcity/simcity"
)

// travelled reports whether a fact is spelled in another than the canonical way.
// Canonical words are the Resource or whole parts of it ("ana" and "yoga" of
// "ana/yoga") and the Start and End as RFC 3339 in UTC.
func travelled(f *simcity.Fact) bool {
	if f.Spelling == "" {
		return false
	}
	for word := range strings.FieldsSeq(f.Spelling) {
		if !partOf(f.Resource, word) && !writes(f.Start, word) && !writes(f.End, word) {
			return true
		}
	}
	return false
}

func writes(t time.Time, word string) bool {
	return t.UTC().Format(time.RFC3339Nano) == word
}

// partOf reports whether word is in name and neither a letter nor a digit
// touches it there.
func partOf(name, word string) bool {
	for from := 0; ; {
		i := strings.Index(name[from:], word)
		if i < 0 {
			return false
		}
		begin, end := from+i, from+i+len(word)
		before, _ := utf8.DecodeLastRuneInString(name[:begin])
		after, _ := utf8.DecodeRuneInString(name[end:])
		if !alphanumeric(before) && !alphanumeric(after) {
			return true
		}
		from = begin + 1
	}
}

func alphanumeric(r rune) bool {
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r))
}
