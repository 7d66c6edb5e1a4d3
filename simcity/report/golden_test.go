package report_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"html"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/simcity"
	"github.com/bookiji/simcity/simcity/report"
)

var days = map[string]func() *simcity.Result{"passed": passed, "failed": failed, "undecided": undecided, "swept": swept, "hostile": hostile}

func summary(t *testing.T, res *simcity.Result) *report.Summary {
	t.Helper()
	t.Setenv("GITHUB_WORKSPACE", "")
	told, _ := reported(t, res)
	return report.Of(told)
}

func TestMarkdown(t *testing.T) {
	for name, day := range days {
		golden(t, name+".md", summary(t, day()).Markdown(0))
	}
}

func TestAnnotations(t *testing.T) {
	for name, day := range days {
		s := summary(t, day())
		s.File = "examples/booking/simcity_test.go"
		golden(t, name+".annotations", s.Annotations())
	}
	require.Empty(t, summary(t, passed()).Annotations())
}

func TestPage(t *testing.T) {
	t.Setenv("GITHUB_WORKSPACE", "")
	for name, day := range days {
		told, _ := reported(t, day())
		var text bytes.Buffer
		require.NoError(t, report.PageOf(told).WriteHTML(&text))
		golden(t, name+".html", text.String())
		_, style, _ := strings.Cut(text.String(), "<style>")
		style, _, _ = strings.Cut(style, "</style>")
		sum := sha256.Sum256([]byte(style))
		require.Contains(t, html.UnescapeString(text.String()), "style-src 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'", "its own policy lets its style through")
		for _, outside := range []string{"<script", "<link", "<img", "<a ", "href=", "@import", "url("} {
			require.NotContains(t, text.String(), outside, name)
		}
	}
}

func TestDocument(t *testing.T) {
	for name, day := range days {
		s := summary(t, day())
		var text bytes.Buffer
		require.NoError(t, s.WriteJSON(&text))
		golden(t, name+".json", text.String())
		again, err := report.Read(&text)
		require.NoError(t, err)
		require.Equal(t, s, again)
	}
}

// A document that the first release wrote is read by every later one: the file is
// never rewritten.
func TestOldDocumentIsStillRead(t *testing.T) {
	t.Parallel()
	file, err := os.Open(filepath.Join("testdata", "version_1.json"))
	require.NoError(t, err)
	defer file.Close()
	s, err := report.Read(file)
	require.NoError(t, err)
	require.Equal(t, "FAIL", s.Verdict)
	require.Equal(t, uint64(7), s.Seed)
	require.Equal(t, "14h0m0s", s.Simulated.String())
	require.Equal(t, "zero_double_bookings", s.Violations[0].Invariant)
	require.Equal(t, "14h5m0s", s.Violations[0].At.String())
	require.Equal(t, int64(312), s.Faults[0].Touched)
	require.Len(t, s.Curve, 48)
	require.Equal(t, 13, s.Sweep.Groups[0].Seeds)
}

func TestDocumentsThatAreNoneAreRefused(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                                   "it is not the JSON of a summary: EOF",
		"{}":                                 "version is 0; allowed: 1 to 1",
		`{"version":2}`:                      "version is 2; allowed: 1 to 1; fix: read it with the SimCity that wrote it, or a later one",
		`{"version":1,"seed":7`:              "unexpected EOF",
		`{"version":1,"wallSeconds":"soon"}`: "is no number of seconds",
	} {
		_, err := report.Read(strings.NewReader(text))
		require.ErrorContains(t, err, want, text)
	}
}

// Whatever an app says, no report holds its secrets, its terminal codes, a tag or
// a command of its own; and no report is long.
func TestHostileTextIsHarmless(t *testing.T) {
	t.Setenv("GITHUB_WORKSPACE", "")
	told, _ := reported(t, hostile())
	s := report.Of(told)
	var document, page bytes.Buffer
	require.NoError(t, s.WriteJSON(&document))
	require.NoError(t, report.PageOf(told).WriteHTML(&page))
	for name, text := range map[string]string{"markdown": s.Markdown(0), "annotations": s.Annotations(), "json": document.String(), "html": page.String()} {
		require.True(t, utf8.ValidString(text), name)
		for _, never := range []string{"\x1b", "\x00", "\r", "\u202e", "\u2066", "hunter2", "s3cr3t", "abcdefgh.ijklmnop", "XXXXXXXX", "0123456789abcdefghij"} {
			require.NotContains(t, text, never, name)
		}
		require.Less(t, len(text), 100_000, name)
	}
	for _, never := range []string{"<script", "<img", "</code></summary>", "@everyone"} {
		require.NotContains(t, outsideBlocks(s.Markdown(0)), never)
	}
	for line := range strings.Lines(s.Annotations()) {
		require.Regexp(t, `^::(error|warning) file=[^,:]*,line=42,title=[^,:\n]*::[^\n]*\n$`, line)
	}
}

// outsideBlocks is markdown without its fenced code.
func outsideBlocks(markdown string) string {
	var b strings.Builder
	fence := ""
	for line := range strings.Lines(markdown) {
		ticks := line[:len(line)-len(strings.TrimLeft(line, "`"))]
		switch {
		case fence == "" && len(ticks) >= 3:
			fence = ticks
		case fence != "" && len(ticks) >= len(fence) && strings.TrimRight(line, "\n") == ticks:
			fence = ""
		case fence == "":
			b.WriteString(line)
		}
	}
	return b.String()
}

// A city in which nobody did anything has no latency, not one of zero.
func TestWhatWasNeverMeasuredIsNotDrawn(t *testing.T) {
	res := passed()
	for i := range res.Curve {
		res.Curve[i] = simcity.Point{At: res.Curve[i].At, Citizens: 3}
	}
	var page bytes.Buffer
	require.NoError(t, report.PageOf(simcity.Report{Result: res}).WriteHTML(&page))
	require.Contains(t, page.String(), "<figcaption>citizens: up to 3")
	require.NotContains(t, page.String(), "<figcaption>p95")
	markdown := summary(t, res).Markdown(0)
	require.Contains(t, markdown, "citizens ")
	require.NotContains(t, markdown, "p95  ")
}
