package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/internal/overlay"
)

// host is the test binaries of the shop in testdata, which is a module of its
// own with no seam of ours: one compiled with the overlay, one without.
type host struct {
	dir             string
	overlaid, plain string
	overlay         string // what the command printed
}

// shopBuilt builds the shop once for all tests.
var shopBuilt = sync.OnceValues(buildShop)

var scratch string // a folder that TestMain makes and removes

// envPretend makes this binary a go command that says no more than its value.
const envPretend = "SIMCITY_TEST_PRETEND"

func TestMain(m *testing.M) {
	if text := os.Getenv(envPretend); text != "" && strings.HasPrefix(filepath.Base(os.Args[0]), "go") {
		fmt.Println(text)
		return
	}
	for _, variable := range []string{"SIMCITY_TELEMETRY", "DATABASE_URL", "SUPABASE_URL", "SUPABASE_SERVICE_ROLE_KEY", envSecret} {
		_ = os.Unsetenv(variable)
	}
	var err error
	if scratch, err = os.MkdirTemp("", "simcity-shop-"); err != nil {
		log.Fatal(err)
	}
	if err := reachToolchain(os.Getenv("GOROOT")); err != nil {
		log.Fatal(err)
	}
	status := m.Run()
	_ = os.RemoveAll(scratch)
	os.Exit(status)
}

// reachToolchain lets a link lead to a toolchain that is in the module cache, where
// the go command lets no overlay replace a file.
func reachToolchain(root string) error {
	if !strings.Contains(root, "golang.org"+string(filepath.Separator)+"toolchain@") {
		return nil
	}
	link := filepath.Join(scratch, "go")
	return errors.Join(
		os.Symlink(root, link),
		os.Setenv("GOROOT", link),
		os.Setenv("PATH", filepath.Join(link, "bin")+string(os.PathListSeparator)+os.Getenv("PATH")),
		os.Setenv(overlay.EnvCache, filepath.Join(scratch, "overlay")),
	)
}

func shop(t testing.TB) *host {
	t.Helper()
	h, err := shopBuilt()
	require.NoError(t, err)
	return h
}

func buildShop() (*host, error) {
	dir := filepath.Join(scratch, "shop")
	h := &host{dir: dir, overlaid: filepath.Join(dir, "overlaid.test"), plain: filepath.Join(dir, "plain.test")}
	if err := copyShop(dir); err != nil {
		return nil, err
	}
	var out, complaints bytes.Buffer
	if status := obey([]string{"overlay"}, &out, &complaints); status != exitOK {
		return nil, fmt.Errorf("simcity overlay: status %d: %s", status, complaints.String())
	}
	h.overlay = strings.TrimSpace(out.String())
	return h, errors.Join(
		h.compile("-overlay="+h.overlay, "-o", h.overlaid),
		h.compile("-overlay=", "-o", h.plain), // what "$(go tool simcity overlay)" is where there is none
	)
}

// copyShop makes the shop's module in a folder.
func copyShop(dir string) error {
	root, err := filepath.Abs("../../..")
	if err != nil {
		return err
	}
	if err := os.CopyFS(dir, os.DirFS("testdata/shop")); err != nil {
		return err
	}
	module, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		return err
	}
	sums, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		return err
	}
	text := strings.Replace(string(module), "module github.com/bookiji/simcity", "module example.com/shop", 1) +
		"\nrequire github.com/bookiji/simcity v0.0.0\nreplace github.com/bookiji/simcity => " + root + "\n"
	return errors.Join(os.WriteFile(filepath.Join(dir, "go.mod"), []byte(text), 0o600), os.WriteFile(filepath.Join(dir, "go.sum"), sums, 0o600))
}

func (h *host) compile(flags ...string) error {
	command := exec.Command("go", append(append([]string{"test", "-c", "-mod=mod"}, flags...), ".")...)
	command.Dir = h.dir
	command.Env = append(os.Environ(), "GOFLAGS=", "GOWORK=off")
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", command, err, output)
	}
	return nil
}

func (h *host) write(t testing.TB, file, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(h.dir, file), []byte(text), 0o600))
}

// replace changes a file of the module in one place.
func (h *host) replace(t testing.TB, file, old, text string) {
	t.Helper()
	before, err := os.ReadFile(filepath.Join(h.dir, file))
	require.NoError(t, err)
	require.Equal(t, 1, strings.Count(string(before), old), "%s: %s", file, old)
	h.write(t, file, strings.Replace(string(before), old, text, 1))
}

// A report is what became of a mode's seeds, as the shop's test writes it.
type report struct {
	Mode                string
	Seeds, Failed       int
	First               int
	Millis              int64
	FirstMillis         float64
	Kinds               map[string]int
	Ways                map[string]int
	Text, Stack, Notes  string
	Repro               string
	Digests             []string
	CPU                 time.Duration `json:"-"` // of the whole process
	PassedAll, Explored bool          `json:"-"`
}

// live runs the shop's test with the modes, such as book=50, and returns their
// reports.
func (h *host) live(t testing.TB, binary, modes string, environ ...string) map[string]report {
	t.Helper()
	command := h.command(t, binary, "TestShop", append(environ, "SHOP_MODES="+modes)...)
	output, err := command.CombinedOutput()
	require.NoError(t, err, string(output))
	all := map[string]report{}
	for line := range strings.Lines(string(output)) {
		text, ok := strings.CutPrefix(line, "REPORT ")
		if !ok {
			continue
		}
		r := reportOf(t, text)
		r.CPU = command.ProcessState.UserTime() + command.ProcessState.SystemTime()
		r.PassedAll = r.Kinds["PASS"] == r.Seeds
		r.Explored = strings.Contains(r.Notes, "explore: locks of host packages are seams")
		all[r.Mode] = r
	}
	return all
}

// command runs one of the shop's tests.
func (h *host) command(t testing.TB, binary, test string, environ ...string) *exec.Cmd {
	t.Helper()
	command := exec.CommandContext(t.Context(), binary, "-test.run=^"+test+"$", "-test.timeout=2h", "-test.v")
	command.Dir = h.dir
	for _, entry := range os.Environ() {
		if !strings.HasPrefix(entry, "SIMCITY_") {
			command.Env = append(command.Env, entry)
		}
	}
	command.Env = append(command.Env, environ...)
	return command
}

func reportOf(t testing.TB, text string) (r report) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(text), &r))
	return r
}
