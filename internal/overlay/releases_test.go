package overlay

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/internal/parts"
)

// others stand for their releases where another toolchain runs the tests.
var others = map[string]string{"go1.26": "go1.26.8", "go1.27": "go1.27.3"}

func TestEachReleaseIsPatchedAndCompiles(t *testing.T) {
	t.Parallel()
	for _, release := range Releases() {
		t.Run(release, func(t *testing.T) {
			t.Parallel()
			toolchain := ofRelease(t, release)
			path, err := Make(t.TempDir(), toolchain, "example.com/shop/...")
			require.NoError(t, err)
			require.Equal(t, toolchain.Version+" true example.com/shop/...\n", patched(t, toolchain, path))
			require.Equal(t, toolchain.Version+" false \n", patched(t, toolchain, ""))
		})
	}
}

// ofRelease is a toolchain of a release: the running one, or one that the go
// command has or downloads. A link leads to it, as it may be in the module cache.
func ofRelease(t *testing.T, release string) Toolchain {
	t.Helper()
	toolchain := here(t)
	if is, err := toolchain.release(); err != nil || is != release {
		command := exec.CommandContext(t.Context(), "go", "env", "GOROOT")
		command.Env = append(os.Environ(), "GOROOT=", "GOTOOLCHAIN="+others[release])
		root, err := command.CombinedOutput()
		if err != nil {
			parts.Demand(t, release, fmt.Errorf("%w: %s", err, root))
			t.Skipf("no Go of release %s: %s", release, root)
		}
		toolchain = Toolchain{Version: others[release], Root: strings.TrimSpace(string(root))}
	}
	link := filepath.Join(t.TempDir(), "go")
	require.NoError(t, os.Symlink(toolchain.Root, link))
	toolchain.Root = link
	return toolchain
}

// patched compiles a program that says whether it has the overlay, and runs it.
func patched(t *testing.T, toolchain Toolchain, overlay string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), filepath.Join(toolchain.Root, "bin", "go"), "run", "-overlay="+overlay, "./testdata/patched")
	command.Env = append(os.Environ(), "GOROOT="+toolchain.Root, "GOTOOLCHAIN=local", "GOFLAGS=")
	said, err := command.CombinedOutput()
	require.NoError(t, err, string(said))
	return string(said)
}
