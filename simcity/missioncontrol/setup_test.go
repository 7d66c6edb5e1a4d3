package missioncontrol_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/bookiji/simcity/internal/pgtest"
	"github.com/bookiji/simcity/simcity"
	"github.com/bookiji/simcity/simcity/missioncontrol"
)

func TestMain(m *testing.M) {
	if told, ok := os.LookupEnv(envAudience); ok {
		followAll(told)
		return
	}
	pgtest.Main(m)
	if err := goleak.Find(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// hello is the host: it greets, and refuses on /no.
func hello(*simcity.World) (http.Handler, error) {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/no" {
			w.WriteHeader(http.StatusInternalServerError)
		}
	}), nil
}

// visit is one operation.
func visit(ctx context.Context, c *simcity.Citizen, path string) error {
	return c.Do(ctx, "visit", path, func(ctx context.Context, _ *simcity.Operation) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.BaseURL()+path, nil)
		if err != nil {
			return err
		}
		response, err := c.Client().Do(request)
		if err != nil {
			return err
		}
		return response.Body.Close()
	})
}

// town has three citizens who visit at the beginning and then every ten minutes.
// Its first seven events come at once: the start, and three times birth and visit.
func town() simcity.Scenario {
	return simcity.Scenario{
		Name: "town", Doc: "Three who visit.", Duration: time.Hour,
		Populations: []simcity.Population{{
			Name: "visitor",
			Agent: simcity.AgentFunc(func(ctx context.Context, c *simcity.Citizen) error {
				for {
					if err := visit(ctx, c, "/"); err != nil {
						return err
					}
					if err := c.Sleep(ctx, 10*time.Minute); err != nil {
						return err
					}
				}
			}),
			Arrivals: simcity.ArrivalsFunc(func(_ context.Context, g *simcity.Gate) error {
				for range 3 {
					g.Spawn()
				}
				return nil
			}),
		}},
		Invariants: []simcity.Invariant{{
			Name: "polite", Doc: "every visit is greeted",
			Begin: func(*simcity.World) simcity.Check {
				return simcity.Check{Operation: func(op *simcity.Operation) *simcity.Breach {
					if op.Outcome != simcity.OK {
						return &simcity.Breach{Got: op.Outcome.String(), Want: "a greeting"}
					}
					return nil
				}}
			},
		}},
	}
}

// rude is a town whose invariant fails after half an hour.
func rude() simcity.Scenario {
	s := town()
	s.Name = "rude"
	s.Populations[0].Agent = simcity.AgentFunc(func(ctx context.Context, c *simcity.Citizen) error {
		_ = visit(ctx, c, "/")
		if err := c.Sleep(ctx, 30*time.Minute); err != nil {
			return err
		}
		return visit(ctx, c, "/no")
	})
	return s
}

// gloom is a fault that touches once and does nothing.
func gloom() simcity.FaultKind {
	return simcity.FaultKind{
		Kind: "GLOOM", Doc: "The sky is grey.", Parameters: []simcity.FaultParameter{{Name: "depth", Doc: "how grey", Default: 1, Allowed: "1 to 9"}},
		Make: func(text json.RawMessage) (simcity.Fault, error) {
			parameters := map[string]any{"depth": 1.0}
			if len(text) > 0 {
				if err := json.Unmarshal(text, &parameters); err != nil {
					return simcity.Fault{}, err
				}
			}
			for name := range parameters {
				if name != "depth" {
					return simcity.Fault{}, &simcity.FieldError{Field: "GLOOM." + name, Value: "unknown", Allowed: "depth"}
				}
			}
			return simcity.Fault{Kind: "GLOOM", Parameters: parameters, Inject: func(_ context.Context, _ *simcity.World, touched *simcity.Touched) (func(context.Context) error, error) {
				touched.Add(1)
				return func(context.Context) error { return nil }, nil
			}}, nil
		},
	}
}

// token is what Authorize wants to see.
const token = "open sesame"

func config() missioncontrol.Config {
	return missioncontrol.Config{
		Authorize: func(r *http.Request) error {
			if r.Header.Get("Authorization") != "Bearer "+token {
				return errors.New("a secret reason")
			}
			return nil
		},
		Scenarios: []simcity.Scenario{town(), rude()},
		Faults:    []simcity.FaultKind{gloom()},
		Target:    simcity.InProcess(hello),
	}
}

// A desk is a Mission Control that tests talk to.
type desk struct {
	testing.TB
	mission *missioncontrol.Handler
	server  *httptest.Server
	url     string
	client  *http.Client
}

func setup(t testing.TB, change ...func(*missioncontrol.Config)) *desk {
	t.Helper()
	c := config()
	for _, f := range change {
		f(&c)
	}
	mission, err := missioncontrol.New(c)
	require.NoError(t, err)
	d := &desk{TB: t, mission: mission, server: httptest.NewServer(mission)}
	d.url, d.client = d.server.URL, d.server.Client()
	t.Cleanup(func() {
		require.NoError(t, mission.Close())
		d.client.CloseIdleConnections()
		d.server.CloseClientConnections()
		d.server.Close()
	})
	return d
}

func (d *desk) request(method, path, body string) *http.Request {
	d.Helper()
	r, err := http.NewRequestWithContext(d.Context(), method, d.url+path, strings.NewReader(body))
	require.NoError(d, err)
	r.Header.Set("Authorization", "Bearer "+token)
	return r
}

// call makes a request and returns status, header and body.
func (d *desk) call(method, path, body string) (int, http.Header, string) {
	d.Helper()
	return d.do(d.request(method, path, body))
}

func (d *desk) do(r *http.Request) (int, http.Header, string) {
	d.Helper()
	response, err := d.client.Do(r)
	require.NoError(d, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(d, err)
	return response.StatusCode, response.Header, string(text)
}

// data makes a request that must be answered with a status, and decodes the data.
func (d *desk) data(status int, method, path, body string) map[string]any {
	d.Helper()
	got, _, text := d.call(method, path, body)
	require.Equal(d, status, got, text)
	var told struct {
		Success bool
		Data    map[string]any
	}
	require.NoError(d, json.Unmarshal([]byte(text), &told), text)
	require.True(d, told.Success)
	return told.Data
}

// held starts a town that stands still after its first events, and returns its ID.
func (d *desk) held() string {
	d.Helper()
	id := d.data(201, "POST", "/api/simcity/start", `{"scenario":"town","seed":7,"compression":1}`)["runId"].(string)
	s := d.stream(id, "")
	defer s.close()
	s.until(func(f frame) bool { return f.name == "event" && f.id == "6" })
	return id
}

// flatOut makes a whole run and returns its ID.
func (d *desk) flatOut(body string) string {
	d.Helper()
	id := d.data(201, "POST", "/api/simcity/start", body)["runId"].(string)
	s := d.stream(id, "")
	defer s.close()
	s.until(func(f frame) bool { return f.name == "end" })
	return id
}

// A frame is one server-sent event.
type frame struct{ id, name, data string }

// A listener reads a stream.
type listener struct {
	*desk
	body   io.ReadCloser
	lines  *bufio.Reader
	header http.Header
}

func (d *desk) stream(id, lastEventID string) *listener {
	d.Helper()
	return d.open(d.request("GET", "/api/ops/simcity/runs/"+id+"/stream", ""), lastEventID)
}

func (d *desk) open(r *http.Request, lastEventID string) *listener {
	d.Helper()
	if lastEventID != "" {
		r.Header.Set("Last-Event-ID", lastEventID)
	}
	response, err := d.client.Do(r)
	require.NoError(d, err)
	require.Equal(d, 200, response.StatusCode)
	return &listener{d, response.Body, bufio.NewReader(response.Body), response.Header}
}

func (l *listener) close() { _ = l.body.Close() }

// next is the next frame; false at the end of the stream.
func (l *listener) next() (frame, bool) {
	var f frame
	for {
		line, err := l.lines.ReadString('\n')
		if err != nil {
			return f, false
		}
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		switch name {
		case "id":
			f.id = value
		case "event":
			f.name = value
		case "data":
			f.data = value
		case "":
			if f.name != "" {
				return f, true
			}
		}
	}
}

// until reads up to a frame, and returns all.
func (l *listener) until(last func(frame) bool) []frame {
	l.Helper()
	var all []frame
	for {
		f, ok := l.next()
		require.True(l, ok, "the stream ended early, after %d frames", len(all))
		all = append(all, f)
		if last(f) {
			return all
		}
	}
}

// ids are those of the events among frames.
func ids(frames []frame) []string {
	var all []string
	for _, f := range frames {
		if f.name == "event" {
			all = append(all, f.id)
		}
	}
	return all
}

var (
	uuids = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`)
	times = regexp.MustCompile(`20[2-9][0-9]-[01][0-9]-[0-3][0-9](T[0-9:.]+Z| [0-9:]+ UTC)`)
	hosts = regexp.MustCompile(`127\.0\.0\.1:[0-9]+`)
	walls = regexp.MustCompile(`"wall": ?[0-9]+|wall=[0-9.]+s`)
)

// golden compares an answer with testdata, without what differs between runs.
// SIMCITY_UPDATE=1 writes it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	var b bytes.Buffer
	if json.Indent(&b, []byte(got), "", "  ") == nil {
		got = b.String()
	}
	got = uuids.ReplaceAllString(got, "RUN-ID")
	got = times.ReplaceAllString(got, "TIME")
	got = hosts.ReplaceAllString(got, "HOST")
	got = walls.ReplaceAllString(got, "WALL")
	path := filepath.Join("testdata", name)
	if os.Getenv("SIMCITY_UPDATE") == "1" {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, []byte(got), 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "run it with SIMCITY_UPDATE=1")
	require.Equal(t, string(want), got)
}
