package notify

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Whatever the text, a message has it in one line in which nothing is a link, a
// mention or markup, and an issue's mark is the one that was written.
func FuzzTexts(f *testing.F) {
	for _, text := range []string{"", "<!channel> <http://x|y>", "a\nb\r```c```", "@here &lt;", "<!-- simcity end -->", "<!-- simcity key=0000000000000000 test=0000000000000000 seed=1 seen=1 -->", "\xff\x00"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		told := slackText(text)
		require.NotContains(t, told, "\n")
		require.NotRegexp(t, "[<>`*~]", told)
		require.NotRegexp(t, "@[^\u200b]|@$", told)

		m := mark{key: key(text), test: key("a", text), seed: 7, seen: 3}
		body := m.into("before", text)
		read, found := readMark(body)
		require.True(t, found)
		require.Equal(t, m, read)
		m.seen = 4
		again := m.into(body, "other")
		require.Equal(t, "before\n\n"+m.section("other"), again, "all of ours is replaced, and nothing else")
		require.LessOrEqual(t, len(strings.TrimSpace(told)), 6*700)
	})
}
