package notify

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/bookiji/simcity/simcity/report"
)

// A mark is what an issue keeps for us, in a comment that pages do not show.
type mark struct {
	key  string // of the failure
	test string // of the test and its scenario
	seed uint64
	seen int // how often it was seen
}

// key stands for texts, in 16 digits.
func key(texts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(texts, "\x00")))
	return hex.EncodeToString(sum[:8])
}

// markOf is the mark of a failure of the run.
func markOf(s *report.Summary, signature string, seed uint64) mark {
	return mark{key: key(s.Package, s.Test, s.Scenario, signature), test: key(s.Package, s.Test, s.Scenario), seed: seed, seen: 1}
}

// The part of an issue's text that is ours stands between two comments; whatever
// people write around it stays.
const marked = "<!-- simcity key=%s test=%s seed=%d seen=%d -->"

var (
	markForm = regexp.MustCompile(`<!-- simcity key=([0-9a-f]{16}) test=([0-9a-f]{16}) seed=([0-9]{1,19}) seen=([0-9]{1,9}) -->`)
	ours     = regexp.MustCompile(`(?s)<!-- simcity key=.*?<!-- simcity end -->`)
)

const markEnd = "<!-- simcity end -->"

// readMark finds the mark in an issue's text.
func readMark(body string) (mark, bool) {
	found := markForm.FindStringSubmatch(body)
	if found == nil {
		return mark{}, false
	}
	seed, _ := strconv.ParseUint(found[3], 10, 64)
	seen, _ := strconv.Atoi(found[4])
	return mark{found[1], found[2], seed, seen}, true
}

// section is our part of an issue's text.
func (m mark) section(text string) string {
	return fmt.Sprintf(marked, m.key, m.test, m.seed, m.seen) + "\n" + strings.ReplaceAll(text, markEnd, "") + "\n" + markEnd
}

// into replaces our part of an issue's text, or adds it.
func (m mark) into(body, text string) string {
	place := ours.FindStringIndex(body)
	if place == nil {
		return strings.TrimSpace(body + "\n\n" + m.section(text))
	}
	return body[:place[0]] + m.section(text) + body[place[1]:]
}
