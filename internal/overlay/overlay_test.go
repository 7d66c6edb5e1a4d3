package overlay

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

func here(t *testing.T) Toolchain {
	t.Helper()
	toolchain, err := Find(t.Context(), ".")
	require.NoError(t, err)
	toolchain.Modules = "" // no test builds with what it makes of a downloaded one
	return toolchain
}

func TestOverlayOfThisToolchain(t *testing.T) {
	t.Parallel()
	dir, toolchain := t.TempDir(), here(t)
	path, err := Make(dir, toolchain, "example.com/shop/...")
	require.NoError(t, err)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	var spec struct{ Replace map[string]string }
	require.NoError(t, json.Unmarshal(text, &spec))
	require.Len(t, spec.Replace, 17)
	for original, patched := range spec.Replace {
		rest, ok := strings.CutPrefix(original, filepath.Join(toolchain.Root, "src"))
		require.True(t, ok, original)
		require.True(t, strings.HasSuffix(patched, rest), patched)
		require.FileExists(t, patched)
	}
	hooks, err := os.ReadFile(spec.Replace[filepath.Join(toolchain.Root, "src", "sync", "simcity.go")])
	require.NoError(t, err)
	require.Contains(t, string(hooks), `const simcityPackages = "example.com/shop/..."`)

	again, err := Make(dir, toolchain, "example.com/shop/...")
	require.NoError(t, err)
	require.Equal(t, path, again)
	other, err := Make(dir, toolchain, "")
	require.NoError(t, err)
	require.NotEqual(t, path, other, "other patterns are another overlay")
}

func TestOverlayIsRepairedAndMadeByManyAtOnce(t *testing.T) {
	t.Parallel()
	dir, toolchain := t.TempDir(), here(t)
	var all sync.WaitGroup
	paths := make([]string, 8)
	for i := range paths {
		all.Go(func() { paths[i], _ = Make(dir, toolchain, "") })
	}
	all.Wait()
	for _, path := range paths {
		require.Equal(t, paths[0], path)
	}
	left, err := filepath.Glob(filepath.Join(filepath.Dir(paths[0]), "*", "*.draft"))
	require.NoError(t, err)
	require.Empty(t, left)

	damaged := filepath.Join(filepath.Dir(paths[0]), "sync", "mutex.go")
	whole, err := os.ReadFile(damaged)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(damaged, whole[:100], 0o600))
	_, err = Make(dir, toolchain, "")
	require.NoError(t, err)
	repaired, err := os.ReadFile(damaged)
	require.NoError(t, err)
	require.Equal(t, string(whole), string(repaired))
}

func TestOtherReleasesAreRefused(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]string{
		"go1.26": "go1.26", "go1.26.8": "go1.26", "go1.26rc1": "go1.26", "go1.26-devel": "go1.26", "go1.26.1 X:nodwarf5": "go1.26",
		"go1.27": "go1.27", "go1.27.3": "go1.27",
		"go1.25.9": "", "go1.28": "", "go1.260": "", "devel go1.29-abc": "", "": "",
	} {
		release, err := Toolchain{Version: version}.release()
		require.Equal(t, want, release, version)
		if want == "" {
			var unsupported *UnsupportedError
			require.ErrorAs(t, err, &unsupported)
			require.ErrorContains(t, err, "supported are the releases of go1.26 and go1.27")
		}
	}
}

func TestToolchainInTheModuleCacheIsRefused(t *testing.T) {
	t.Parallel()
	modules := t.TempDir()
	toolchain := Toolchain{Version: "go1.27.3", Modules: modules, Root: filepath.Join(modules, "golang.org", "toolchain")}
	_, err := Make(t.TempDir(), toolchain, "")
	var unsupported *UnsupportedError
	require.ErrorAs(t, err, &unsupported)
	require.ErrorContains(t, err, "go1.27.3 is in the module cache")
	require.ErrorContains(t, err, "ln -s "+toolchain.Root)
}

// Every cut that does not fit is told, with the file and what was looked for.
func TestAnchorThatIsNotFoundIsTold(t *testing.T) {
	t.Parallel()
	toolchain := here(t)
	release, err := toolchain.release()
	require.NoError(t, err)
	for _, c := range cutsFor(release) {
		_, err := apply(release, func(file string) (string, error) {
			text, err := os.ReadFile(filepath.Join(toolchain.Root, "src", filepath.FromSlash(file)))
			if file == c.file {
				text = bytes.ReplaceAll(text, []byte(c.old), []byte("\n"))
			}
			return string(text), err
		}, "")
		var unsupported *UnsupportedError
		require.ErrorAs(t, err, &unsupported)
		require.ErrorContains(t, err, c.file)
		require.ErrorContains(t, err, "0 times")
		require.ErrorContains(t, err, "tests run without it")
	}
	_, err = apply(release, func(string) (string, error) { return "", errors.New("no such file") }, "")
	require.EqualError(t, err, "no such file")
}

func TestCacheThatCannotBeWrittenNamesTheVariable(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err := Make(filepath.Join(file, "below"), here(t), "")
	require.ErrorContains(t, err, "set SIMCITY_OVERLAY_CACHE to a folder that can")
}

func TestCacheFolderFollowsTheVariable(t *testing.T) {
	t.Setenv(EnvCache, t.TempDir())
	dir, err := CacheDir()
	require.NoError(t, err)
	require.Equal(t, os.Getenv(EnvCache), dir)
	t.Setenv(EnvCache, "")
	t.Setenv("HOME", "")
	t.Setenv("XDG_CACHE_HOME", "")
	t.Setenv("LocalAppData", "")
	_, err = CacheDir()
	require.ErrorContains(t, err, EnvCache)
}

func TestToolchainThatCannotBeAskedIsTold(t *testing.T) {
	t.Parallel()
	_, err := Find(t.Context(), filepath.Join(t.TempDir(), "nowhere"))
	require.ErrorContains(t, err, "simcity: go env:")
}
