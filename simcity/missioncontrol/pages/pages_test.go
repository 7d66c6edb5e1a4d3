package pages_test

import (
	"bytes"
	"io/fs"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/internal/parts"
	"github.com/bookiji/simcity/simcity/missioncontrol/pages"
)

// The pure functions are tested by node's own runner.
func TestPureFunctions(t *testing.T) {
	t.Parallel()
	node, err := exec.LookPath("node")
	if err != nil {
		parts.Demand(t, "node", err)
		t.Skip("no Node on this machine")
	}
	output, err := exec.CommandContext(t.Context(), node, "--test", "jstest/").CombinedOutput()
	require.NoError(t, err, "%s", output)
	passed := regexp.MustCompile(`(?m)^[#ℹ] pass (\d+)`).FindSubmatch(output)
	require.NotEmpty(t, passed, "%s", output)
	t.Logf("%s tests passed in node", passed[1])
}

// Nothing that the strict policy forbids, and nothing of third parties.
func TestPagesHoldNothingInline(t *testing.T) {
	t.Parallel()
	for _, page := range []string{pages.Dashboard, pages.MissionControl} {
		var html bytes.Buffer
		require.NoError(t, pages.Render(&html, page, "../../"))
		require.NotRegexp(t, `(?i)<script(?:[^>]*)>[^<]`, html.String(), page)
		require.NotRegexp(t, `(?i)<style|\sstyle=|\son[a-z]+=|javascript:`, html.String(), page)
		require.Contains(t, html.String(), `data-base="../../"`)
	}
	require.NoError(t, fs.WalkDir(pages.Files(), ".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.Contains(path, ".") || path == "." {
			return err
		}
		text, err := fs.ReadFile(pages.Files(), path)
		require.NoError(t, err)
		for _, url := range regexp.MustCompile(`https?://[^\s"')]+`).FindAllString(string(text), -1) {
			require.Equal(t, "http://www.w3.org/2000/svg", url, path)
		}
		require.NotRegexp(t, `innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function`, string(text), path)
		return nil
	}))
}

func TestAPageThatIsNotThere(t *testing.T) {
	t.Parallel()
	require.EqualError(t, pages.Render(&bytes.Buffer{}, "settings.html", "../"),
		`pages: there is no page "settings.html"; there are dashboard.html and mission-control.html`)
}
