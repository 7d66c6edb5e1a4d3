package tidy

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRepository(t *testing.T) {
	t.Parallel()
	repository, err := load(os.DirFS("../.."))
	require.NoError(t, err)
	require.Contains(t, repository.top, "go.mod")
	require.Contains(t, repository.packages(), "internal/tidy")
	for name, broken := range map[string]rule{
		"imports point one way":                         importDirections,
		"clock and streams live in their own files":     func(r *tree) []string { return clockHolders.spared(wallClock(r)) },
		"the top level is what a newcomer should see":   topLevel,
		"each package has a manual":                     manuals,
		"each package that users import has an example": examples,
		"a file is one concept":                         lengths,
		"a skipped test names what is missing":          skips,
		"tests sleep in bubbles":                        func(r *tree) []string { return bubbleHelpers.spared(realSleeps(r)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if found := broken(repository); len(found) > 0 {
				t.Errorf("%d findings:\n%s", len(found), strings.Join(found, "\n"))
			}
		})
	}
}
