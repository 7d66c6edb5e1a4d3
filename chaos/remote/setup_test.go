package remote_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/bookiji/simcity/chaos"
	"github.com/bookiji/simcity/chaos/remote"
	"github.com/bookiji/simcity/simcity"
	"github.com/bookiji/simcity/simcity/testhooks"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const secret = "correct-horse-battery"

// shop is a host on a socket of its own, with test hooks.
type shop struct {
	*testing.T
	url string
	cut chan struct{} // told when a request for a fault is over, for its client

	mu       sync.Mutex
	did      []string // what its hooks did, in order
	stuck    error    // of reverts
	rows     map[string]int64
	counts   map[string]int64
	renewals int
	deaf     bool // to renewals
}

// setup opens a shop; change may take something away from its hooks.
func setup(t *testing.T, change ...func(*testhooks.Config)) *shop {
	t.Helper()
	s := &shop{T: t, cut: make(chan struct{}, 100), rows: map[string]int64{"bookings": 3}, counts: map[string]int64{"doubleBookings": 0}}
	config := testhooks.Config{
		Environment: "test", Secret: secret,
		Login: func(context.Context, testhooks.Citizen) (testhooks.Session, error) {
			return testhooks.Session{Token: "t"}, nil
		},
		Hooks: chaos.Hooks{
			InvalidateCache: func(context.Context, float64) (int64, error) { return 5, s.do("drop") },
			PauseRefresh: func(context.Context) (func(context.Context) (int64, error), error) {
				return func(context.Context) (int64, error) { return 3, s.undo("resume") }, s.do("pause")
			},
			MisconfigureRLS: func(_ context.Context, kind string) (func(context.Context) error, int64, error) {
				return func(context.Context) error { return s.undo("close") }, 42, s.do("open " + kind)
			},
			SqueezeRate: func(context.Context, int) (func(context.Context) error, error) {
				return func(context.Context) error { return s.undo("loosen") }, s.do("squeeze")
			},
		},
		Faults: []simcity.FaultKind{chaos.KindOf[fog]("Nobody sees anything.")},
		Probes: func(context.Context) (map[string]int64, error) { return s.counts, nil },
		Purge: func(_ context.Context, p testhooks.PurgeRequest) (map[string]int64, error) {
			rows := s.rows
			if !p.DryRun {
				s.rows = map[string]int64{"bookings": 0}
			}
			return rows, s.do(map[bool]string{true: "count", false: "purge"}[p.DryRun])
		},
	}
	for _, c := range change {
		c(&config)
	}
	hooks, err := testhooks.New(config)
	require.NoError(t, err)
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/test/faults/{id}/renew", func(w http.ResponseWriter, r *http.Request) {
		if s.renewed() {
			hooks.ServeHTTP(w, r)
			return
		}
		http.Error(w, "the network is down", http.StatusBadGateway)
	})
	mux.HandleFunc("POST /api/test/faults", func(w http.ResponseWriter, r *http.Request) {
		context.AfterFunc(r.Context(), func() { s.cut <- struct{}{} })
		hooks.ServeHTTP(w, r)
	})
	mux.Handle("/api/test/", hooks)
	mux.HandleFunc("/", func(http.ResponseWriter, *http.Request) {})
	server := httptest.NewServer(mux)
	t.Cleanup(func() {
		server.Close()
		require.NoError(t, hooks.Close(context.Background()))
	})
	s.url = server.URL
	return s
}

func (s *shop) do(what string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.did = append(s.did, what)
	return nil
}

func (s *shop) undo(what string) error {
	_ = s.do(what)
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stuck
}

func (s *shop) renewed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.renewals++
	return !s.deaf
}

func (s *shop) done() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.did, ", ")
}

// fog is a fault of the host's own.
type fog struct {
	Depth int `json:"depth" default:"3" range:"1..9" doc:"how deep"`
}

// Fault implements [chaos.Maker].
func (f fog) Fault() simcity.Fault {
	fault := chaos.Declare("FOG", &f)
	fault.Inject = func(_ context.Context, _ *simcity.World, touched *simcity.Touched) (func(context.Context) error, error) {
		touched.Add(int64(f.Depth))
		return func(context.Context) error { touched.Add(1); return nil }, nil
	}
	return fault
}

// city is an hour, 1800 times compressed to two real seconds, of one citizen who
// looks in every minute.
func (s *shop) city(hooks remote.Hooks, collectors ...simcity.Collector) *simcity.Simulation {
	return simcity.New(simcity.Scenario{
		Name: "hour", Duration: time.Hour, RecoveryGrace: time.Minute,
		Populations: []simcity.Population{{Name: "visitor", Arrivals: simcity.ArrivalsFunc(once), Agent: simcity.AgentFunc(visit)}},
		Invariants:  []simcity.Invariant{alive},
		Collectors:  collectors,
	}).Target(simcity.URL(s.url).Login(secret).Equip(hooks.Offer)).Clock(simcity.Paced(1800))
}

func visit(ctx context.Context, c *simcity.Citizen) error {
	for c.Sleep(ctx, time.Minute) == nil {
		err := c.Do(ctx, "look", nil, func(ctx context.Context, _ *simcity.Operation) error {
			request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.BaseURL()+"/", nil)
			if err != nil {
				return err
			}
			response, err := c.Client().Do(request)
			if err != nil {
				return err
			}
			return response.Body.Close()
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// once is the arrival of one citizen.
func once(_ context.Context, g *simcity.Gate) error { g.Spawn(); return nil }

var alive = simcity.Invariant{
	Name: "alive", Begin: func(*simcity.World) simcity.Check {
		looks := int64(0)
		return simcity.Check{
			Operation: func(*simcity.Operation) *simcity.Breach { looks++; return nil },
			Judge:     func() simcity.Judgement { return simcity.Judgement{Samples: looks, Needs: 1} },
		}
	},
}

// texts are those of the findings.
func texts(res *simcity.Result) string {
	text, _ := json.Marshal(res.Findings)
	return string(text)
}
