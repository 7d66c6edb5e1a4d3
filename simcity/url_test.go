package simcity_test

import (
	"bufio"
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/simcity"
)

// stranger is a server that knows nothing of SimCity.
func stranger(host http.HandlerFunc) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/api/test/login", http.NotFound)
	mux.HandleFunc("/", host)
	return mux
}

// identified is a server that says which environment it is.
func identified(environment string, host http.HandlerFunc) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/test/login", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]any{"environment": environment, "syntheticLogin": true})
	})
	mux.HandleFunc("/", host)
	return mux
}

// serve starts a server on loopback for the time of the test.
func serve(t *testing.T, handler http.Handler) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server
}

// visit lets one visitor meet a target elsewhere.
func visit(t *testing.T, target simcity.Target, live life) *simcity.Result {
	t.Helper()
	return elsewhere(target, citizens("visitor", 1, live)).Simulate(t)
}

// elsewhere is a second of real time in which citizens meet a target elsewhere.
func elsewhere(target simcity.Target, populations ...simcity.Population) *simcity.Simulation {
	return city(nil, populations...).Target(target).Clock(simcity.Paced(3600))
}

// visitedServer lets one visitor meet a real server on real time.
func visitedServer(t *testing.T, url string, timeout time.Duration) (*simcity.Operation, *simcity.Result) {
	t.Helper()
	var h history
	scenario := sound()
	scenario.RequestTimeout = timeout
	res := simcity.New(scenario).Target(simcity.URL(url)).Clock(simcity.SteppedGrace(5 * time.Second)).
		Check(h.rule()).Simulate(t)
	require.Len(t, h.operations, 1)
	return h.operations[0], res
}

func TestNonsenseOfAServerIsAnErrorOfItsOperation(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		host    http.HandlerFunc
		timeout time.Duration
		says    string
	}{
		{"closed connection", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, time.Minute, "EOF"},
		{"endless body", func(w http.ResponseWriter, _ *http.Request) {
			for {
				if _, err := w.Write(make([]byte, 1<<20)); err != nil {
					return
				}
			}
		}, time.Minute, "longer than 8 MiB"},
		{"slow loris", func(w http.ResponseWriter, r *http.Request) {
			for range time.Tick(10 * time.Millisecond) {
				if r.Context().Err() != nil {
					return
				}
				fmt.Fprint(w, ".")
				_ = http.NewResponseController(w).Flush()
			}
		}, 200 * time.Millisecond, "deadline exceeded"},
		{"silence", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, 200 * time.Millisecond, "deadline exceeded"},
		{"redirect elsewhere", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://elsewhere.example/", http.StatusFound)
		}, time.Minute, "elsewhere.example, refused"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(stranger(test.host))
			t.Cleanup(server.Close)
			op, res := visitedServer(t, server.URL, test.timeout)
			require.Equal(t, simcity.Failed, op.Outcome)
			require.Contains(t, op.Err, test.says)
			require.Less(t, op.Latency, 10*time.Second)
			require.Equal(t, simcity.Inconclusive, res.Verdict, res.Reasons)
		})
	}
}

func TestTargetThatDoesNotAnswerIsRefusedBeforeAnybodyComes(t *testing.T) {
	t.Parallel()
	chatty, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = chatty.Close() })
	go func() {
		for {
			conn, err := chatty.Accept()
			if err != nil {
				return
			}
			_, _ = bufio.NewReader(conn).ReadString('\n')
			_, _ = io.WriteString(conn, "220 mail.example ESMTP\r\n")
			_ = conn.Close()
		}
	}()
	for name, test := range map[string]struct{ url, says string }{
		"nobody there":    {"http://127.0.0.1:1", "connection refused"},
		"speaks no HTTP":  {"http://" + chatty.Addr().String(), "malformed HTTP"},
		"TLS on a server": {"https://" + chatty.Addr().String(), "tls"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			res := visit(t, simcity.URL(test.url), visitor)
			require.Equal(t, simcity.Fail, res.Verdict)
			found := onlyFinding(t, res, simcity.FindingTarget)
			require.Contains(t, found.Text, "did not say who it is")
			require.Contains(t, found.Text, test.says)
			require.Zero(t, res.Citizens)
		})
	}
}

func TestTargetIsAskedWhoItIsBeforeAnythingElseIsSent(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var seen []string
	server := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, r.Method+" "+r.URL.Path)
		require.Empty(t, r.Header.Get(simcity.HeaderSecret))
		require.Empty(t, r.Header.Get("X-Token"))
		fmt.Fprint(w, `{"environment":"production","syntheticLogin":false}`)
	}))
	target := simcity.URL(server.URL).Login("sesame").Decorate(func(_ context.Context, _ *simcity.Citizen, r *http.Request) error {
		r.Header.Set("X-Token", "t")
		return nil
	})
	res := visit(t, target, visitor)
	require.Equal(t, []string{"GET /api/test/login"}, seen)
	require.Contains(t, onlyFinding(t, res, simcity.FindingTarget).Text, "production, as it says itself")
}

func TestEveryRequestSaysWhichRunAndWho(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	who, runs := map[string]int{}, map[string]bool{}
	server := serve(t, identified("staging", func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		who[r.Header.Get(simcity.HeaderCitizen)]++
		runs[r.Header.Get(simcity.HeaderRun)] = true
	}))
	scenario := sound()
	scenario.Populations[0] = citizens("visitor", 2, visitor)
	scenario.Collectors = []simcity.Collector{simcity.CollectorFunc(func(ctx context.Context, w *simcity.World) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, w.BaseURL()+"/metrics", nil)
		if err != nil {
			return err
		}
		response, err := w.Client().Do(request)
		if err != nil {
			return err
		}
		return response.Body.Close()
	})}
	res := simcity.New(scenario).Target(simcity.URL(server.URL).Environment("staging")).Clock(simcity.Paced(3600)).Simulate(t)
	require.Equal(t, simcity.Pass, res.Verdict, res.Reasons)
	require.Equal(t, 1, who["visitor/1"])
	require.Equal(t, 1, who["visitor/2"])
	require.Positive(t, who["tick"])
	require.Positive(t, who["end"])
	require.Len(t, who, 4)
	require.Len(t, runs, 1)
	require.NotContains(t, runs, "")
	require.Equal(t, "staging", res.Remote.Environment)
	require.Contains(t, res.Line(), "target="+server.URL+" environment=staging load=open")
}

// hooked is a staging system with test login: it gives tokens, or cookies to
// whoever is called vendor.
func hooked(t *testing.T, secret string, host http.HandlerFunc) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	mux.Handle("/", identified("staging", host))
	mux.HandleFunc("POST /api/test/login", func(w http.ResponseWriter, r *http.Request) {
		var in struct{ Citizen, Email string }
		if r.Header.Get(simcity.HeaderSecret) != secret {
			http.Error(w, `{"error":"no"}`, http.StatusUnauthorized)
			return
		}
		if json.NewDecoder(r.Body).Decode(&in) != nil || in.Citizen != r.Header.Get(simcity.HeaderCitizen) {
			http.Error(w, `{"error":"what?"}`, http.StatusBadRequest)
			return
		}
		http.SetCookie(w, &http.Cookie{Name: "session", Value: in.Email, Path: "/"})
		fmt.Fprintf(w, `{"token":"token of %s"}`, in.Email)
	})
	return serve(t, mux)
}

func TestCitizensLogInAndKeepTheirTokenAndCookies(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	seen := map[string]string{}
	server := hooked(t, "sesame", func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		cookie, _ := r.Cookie("session")
		seen[r.Header.Get("Authorization")] = cookie.String()
		require.Empty(t, r.Header.Get(simcity.HeaderSecret), "the secret goes to the login alone")
	})
	target := simcity.URL(server.URL).Login("sesame")
	res := elsewhere(target, citizens("visitor", 2, visitor)).Simulate(t)
	require.Equal(t, simcity.Pass, res.Verdict, res.Reasons)
	require.Equal(t, map[string]string{
		"Bearer token of synthetic+visitor-1@example.com": `session=synthetic+visitor-1@example.com`,
		"Bearer token of synthetic+visitor-2@example.com": `session=synthetic+visitor-2@example.com`,
	}, seen)
	require.Equal(t, int64(2), res.Operations, "a login is no operation")
}

func TestWrongSecretEndsTheRunWithoutShowingIt(t *testing.T) {
	t.Parallel()
	var visited atomic.Int64
	server := hooked(t, "sesame", func(http.ResponseWriter, *http.Request) { visited.Add(1) })
	res := elsewhere(simcity.URL(server.URL).Login("open-barley"), citizens("visitor", 9, visitor)).Simulate(t)
	require.Equal(t, simcity.Fail, res.Verdict)
	found := onlyFinding(t, res, simcity.FindingTarget)
	require.Contains(t, found.Text, "Target.Login is refused by the target with 401")
	require.Contains(t, found.Text, "testhooks")
	require.NotContains(t, res.Explain(), "open-barley")
	require.Zero(t, visited.Load())
}

// quiet keeps the complaints of servers out of the test's output.
var quiet = log.New(io.Discard, "", 0)

func TestConnectionsAreKeptAndPhasesMeasured(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]func(*httptest.Server){
		"HTTP/1.1": func(s *httptest.Server) { s.StartTLS() },
		"HTTP/2.0": func(s *httptest.Server) { s.EnableHTTP2 = true; s.StartTLS() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewUnstartedServer(identified("staging", hello))
			start(server)
			t.Cleanup(server.Close)
			roots := x509.NewCertPool()
			roots.AddCert(server.Certificate())
			target := network(simcity.URL("https://example.com").AllowHost("example.com").RootCAs(roots).Limit(simcity.Limits{Rate: 10_000}), server.Listener.Addr().String(), public)
			res := visit(t, target, func(ctx context.Context, c *simcity.Citizen) error {
				for range 20 {
					if err := get(ctx, c, "/"); err != nil {
						return err
					}
				}
				return nil
			})
			require.Equal(t, simcity.Pass, res.Verdict, res.Reasons)
			r := res.Remote
			require.Equal(t, map[string]int64{name: 20}, r.Protocols)
			require.Equal(t, int64(20), r.Requests)
			require.Equal(t, "https://example.com", r.Target)
			require.Equal(t, r.Requests, r.Opened+r.Reused)
			require.LessOrEqual(t, r.Opened, int64(2))
			require.Equal(t, r.Requests, r.Phases["firstByte"].Count)
			require.Equal(t, r.Requests, r.Phases["body"].Count)
			require.Equal(t, int64(1), r.Phases["dns"].Count, "a name is looked up once")
			require.Positive(t, r.Phases["connect"].Count)
			require.Zero(t, r.InFlight)
		})
	}
}

func TestTargetThatDiesMidwayIsRecordedAndNotForgiven(t *testing.T) {
	t.Parallel()
	var served atomic.Int64
	var server *httptest.Server
	server = serve(t, stranger(func(http.ResponseWriter, *http.Request) {
		if served.Add(1) == 5 {
			go server.Close() // it waits for its handlers
		}
	}))
	var h history
	res := elsewhere(simcity.URL(server.URL), citizens("regular", 1, regular)).
		Check(h.rule(), rule("answers", func(op *simcity.Operation) *simcity.Breach {
			if op.Outcome == simcity.Failed {
				return &simcity.Breach{Got: op.Err, Want: "an answer"}
			}
			return nil
		})).Simulate(t)
	require.Equal(t, simcity.Fail, res.Verdict)
	last := h.operations[len(h.operations)-1]
	require.Equal(t, simcity.Failed, last.Outcome)
	require.NotEmpty(t, last.Err)
	require.GreaterOrEqual(t, len(h.operations), 5)
}

func TestDecorateSeesWhoAsksAndMayRefuse(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	seen := map[string]bool{}
	server := serve(t, stranger(func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		seen[r.Header.Get("Authorization")] = true
	}))
	target := simcity.URL(server.URL).Decorate(func(_ context.Context, c *simcity.Citizen, r *http.Request) error {
		if c.Number() == 3 {
			return errors.New("no token for the third")
		}
		r.Header.Set("Authorization", "Bearer "+c.Email())
		return nil
	})
	var h history
	elsewhere(target, citizens("visitor", 3, visitor)).Check(h.rule()).Simulate(t)
	require.Equal(t, map[string]bool{"Bearer synthetic+visitor-1@example.com": true, "Bearer synthetic+visitor-2@example.com": true}, seen)
	require.Len(t, h.operations, 3)
	failed := 0
	for _, op := range h.operations {
		if op.Outcome == simcity.Failed {
			failed++
			require.Contains(t, op.Err, "no token for the third")
		}
	}
	require.Equal(t, 1, failed)
}

func TestTargetMayLieBelowAPath(t *testing.T) {
	t.Parallel()
	var seen atomic.Int64
	server := serve(t, http.StripPrefix("/app", identified("staging", func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			seen.Add(1)
		}
	})))
	res := visit(t, simcity.URL(server.URL+"/app/").Environment("staging"), visitor)
	require.Equal(t, simcity.Pass, res.Verdict, res.Reasons)
	require.Equal(t, int64(1), seen.Load())
}

// A proxy is used only if it is asked for, and the result says what cannot be
// checked then.
func TestProxyIsAskedForAndToldOf(t *testing.T) {
	t.Parallel()
	var tunnels atomic.Int64
	origin := httptest.NewTLSServer(identified("staging", hello))
	t.Cleanup(origin.Close)
	proxy := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect || r.Host != "example.com:443" {
			http.Error(w, "no", http.StatusForbidden)
			return
		}
		tunnels.Add(1)
		tunnel(w, origin.Listener.Addr().String())
	}))
	roots := x509.NewCertPool()
	roots.AddCert(origin.Certificate())
	address, err := url.Parse(proxy.URL)
	require.NoError(t, err)
	target := simcity.URL("https://example.com").AllowHost("example.com").RootCAs(roots).Proxy(http.ProxyURL(address)).Network(nowhere, nil)
	res := visit(t, target, visitor)
	require.Equal(t, simcity.Pass, res.Verdict, res.Reasons)
	require.Positive(t, tunnels.Load())
	require.Contains(t, onlyFinding(t, res, simcity.FindingTarget).Text, "cannot be checked here")
}

// nowhere finds no name: the proxy has to.
func nowhere(context.Context, string) ([]netip.Addr, error) { return nil, errors.New("no such host") }

// tunnel joins the client of w with a server.
func tunnel(w http.ResponseWriter, to string) {
	server, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	client, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	_, _ = io.WriteString(client, "HTTP/1.1 200 OK\r\n\r\n")
	go func() { _, _ = io.Copy(server, client); _ = server.Close() }()
	go func() { _, _ = io.Copy(client, server); _ = client.Close() }()
}
