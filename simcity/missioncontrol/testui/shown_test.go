//go:build unix

package testui

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/simcity"
)

// envShown makes this binary the tests of somebody.
const envShown = "SIMCITY_TEST_SHOWN"

// TestShownCity is what the tests below look at, in a process of its own.
func TestShownCity(t *testing.T) {
	if os.Getenv(envShown) == "" {
		return // nobody asked for it
	}
	simcity.New(walk()).Target(simcity.InProcess(func(*simcity.World) (http.Handler, error) {
		return http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), nil
	})).Run(t)
}

// walk is one hour of a citizen who walks.
func walk() simcity.Scenario {
	return simcity.Scenario{
		Name: "walk", Duration: time.Hour,
		Populations: []simcity.Population{{
			Name: "walker",
			Agent: simcity.AgentFunc(func(ctx context.Context, c *simcity.Citizen) error {
				for {
					if err := c.Do(ctx, "step", nil, func(_ context.Context, op *simcity.Operation) error { op.Output = "done"; return nil }); err != nil {
						return err
					}
					if err := c.Sleep(ctx, time.Duration(1+c.Rand().IntN(120))*time.Second); err != nil {
						return err
					}
				}
			}),
			Arrivals: simcity.ArrivalsFunc(func(_ context.Context, g *simcity.Gate) error { g.Spawn(); return nil }),
		}},
		Invariants: []simcity.Invariant{{
			Name: "upright",
			Begin: func(*simcity.World) simcity.Check {
				return simcity.Check{Operation: func(*simcity.Operation) *simcity.Breach { return nil }}
			},
		}},
	}
}

// shown runs TestShownCity without a terminal, so that it writes to its output.
func shown(t *testing.T, environ ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	command := exec.CommandContext(t.Context(), self, "-test.run=^TestShownCity$", "-test.v", "-test.timeout=2m")
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	command.Env = append(append(os.Environ(), envShown+"=1", "HOME="+t.TempDir(), "XDG_CACHE_HOME="), environ...)
	return command
}

var digests = regexp.MustCompile(`digest=([0-9a-f]{16})`)

// A run that is watched, paused, stepped and hurried is the run that nobody looks
// at, digest included; and the process stays until the browser lets it go.
func TestARunIsWatchedAndStaysTheSame(t *testing.T) {
	t.Parallel()
	output, err := shown(t).Output()
	require.NoError(t, err, string(output))
	want := digests.FindStringSubmatch(string(output))
	require.NotNil(t, want, string(output))

	command := shown(t, "SIMCITY_UI=127.0.0.1:0")
	pipe, err := command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	lines := bufio.NewReader(pipe)
	b := visit(t, lineWith(t, lines, "simcity: watch TestShownCity at "))

	status := b.ask("GET", "/api/simcity/status", "")
	require.Equal(t, "TestShownCity", status["test"].(map[string]any)["test"])
	b.until("running", true)
	require.Equal(t, "PAUSED", b.ask("POST", "/api/simcity/pause", "")["status"])
	require.Equal(t, "PAUSED", b.ask("POST", "/api/simcity/step", `{"steps":2}`)["status"])
	refused := b.answer("POST", "/api/simcity/start", `{"scenario":"walk"}`)
	require.Equal(t, "the runs here are those of go test; run the test again to start one", refused["error"].(map[string]any)["message"])
	b.ask("POST", "/api/simcity/speed", `{"factor":0}`)
	b.ask("POST", "/api/simcity/resume", "")
	b.until("running", false)
	summary := b.ask("GET", "/api/simcity/summary", "")
	require.Equal(t, "PASS", summary["verdict"])
	require.Equal(t, want[1], summary["digest"].(string)[:16])
	require.Contains(t, summary["repro"].(map[string]any)["test"], "SIMCITY_SEED=1 go test")
	events := b.ask("GET", "/api/ops/simcity/runs/latest/events?from=0&limit=3", "")["events"]
	require.Len(t, events, 3, "it can be studied when it has ended")
	require.Equal(t, "running", b.ask("POST", "/api/simcity/continue", "")["phase"])

	rest, err := io.ReadAll(lines)
	require.NoError(t, err)
	require.NoError(t, command.Wait(), string(rest))
	require.Equal(t, want[1], digests.FindStringSubmatch(string(rest))[1])
}

// lineWith reads up to a line that begins so, and returns what follows.
func lineWith(t *testing.T, lines *bufio.Reader, prefix string) string {
	t.Helper()
	for {
		line, err := lines.ReadString('\n')
		require.NoError(t, err)
		if rest, ok := strings.CutPrefix(line, prefix); ok {
			return strings.TrimSpace(rest)
		}
	}
}

// A browser is a client that keeps cookies.
type browser struct {
	*testing.T
	client *http.Client
	base   string
}

// visit opens the address that the terminal shows.
func visit(t *testing.T, url string) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	base, _, _ := strings.Cut(url, "/login")
	b := &browser{t, &http.Client{Jar: jar, Transport: &http.Transport{DisableKeepAlives: true}}, base}
	response, err := b.client.Get(url) //nolint:noctx // the process ends with the test
	require.NoError(t, err)
	defer response.Body.Close()
	page, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Equal(t, 200, response.StatusCode, string(page))
	require.Contains(t, string(page), "SimCity")
	return b
}

func (b *browser) answer(method, path, body string) map[string]any {
	b.Helper()
	r, err := http.NewRequestWithContext(b.Context(), method, b.base+path, strings.NewReader(body))
	require.NoError(b, err)
	response, err := b.client.Do(r)
	require.NoError(b, err)
	defer response.Body.Close()
	var told map[string]any
	require.NoError(b, json.NewDecoder(response.Body).Decode(&told))
	return told
}

// ask returns the data of an answer that must be one.
func (b *browser) ask(method, path, body string) map[string]any {
	b.Helper()
	told := b.answer(method, path, body)
	require.Equal(b, true, told["success"], told)
	return told["data"].(map[string]any)
}

// until waits until a run goes on, or the test is held.
func (b *browser) until(what string, so bool) {
	b.Helper()
	require.Eventually(b, func() bool {
		status := b.ask("GET", "/api/simcity/status", "")
		held := status["test"].(map[string]any)["phase"] == "held"
		return status[what] == so && (so || held)
	}, 30*time.Second, 20*time.Millisecond)
}

// Settings that cannot work are told with their fix.
func TestSettingsThatCannotWork(t *testing.T) {
	t.Parallel()
	for setting, want := range map[string]string{
		"SIMCITY_UI=0.0.0.0:8787":    "SIMCITY_UI is 0.0.0.0:8787; allowed: a loopback address with a port; fix: set it to 127.0.0.1:8787, or unset it",
		"SIMCITY_UI=8787":            "SIMCITY_UI is 8787; allowed: a loopback address with a port",
		"SIMCITY_UI=127.0.0.1:99999": "SIMCITY_UI=127.0.0.1:99999",
		"SIMCITY_UI_WAIT=soon":       "SIMCITY_UI_WAIT is soon; allowed: a duration such as 10m, or 0",
	} {
		output, err := shown(t, setting).CombinedOutput()
		require.Error(t, err, setting)
		require.Contains(t, string(output), want)
	}
}
