package booking_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/agents"
	"github.com/bookiji/simcity/examples/booking"
	"github.com/bookiji/simcity/internal/cputime"
	"github.com/bookiji/simcity/invariants"
	"github.com/bookiji/simcity/scenarios"
	"github.com/bookiji/simcity/simcity"
)

// shopFor signs a vendor in and opens a listing; send asks the app.
func shopFor(send func(method, path, token, body string) []byte) (vendor, service string) {
	var session struct{ Token string }
	decode(send("POST", "/api/test/login", "", `{"email":"synthetic+bench-vendor@example.com","role":"vendor"}`), &session)
	var listing struct {
		Vendor   string
		Services []struct{ ID string }
	}
	decode(send("POST", "/api/vendors", session.Token,
		`{"name":"Bench","city":"Springfield","timezone":"UTC","openFrom":0,"openTo":24,"services":[{"name":"Cut","durationMinutes":30,"priceCents":1000,"capacity":1}]}`), &listing)
	return listing.Vendor, listing.Services[0].ID
}

func decode(body []byte, into any) {
	if err := json.Unmarshal(body, into); err != nil {
		panic(fmt.Sprintf("%v: %s", err, body))
	}
}

// book and cancel one slot, round after round: what both sides of the
// comparison do.
func rounds(n int, customer string, slot int, send func(method, path, token, body string) []byte, day time.Time, vendor, service string) {
	var session struct{ Token string }
	decode(send("POST", "/api/test/login", "", `{"email":"synthetic+`+customer+`@example.com","role":"customer"}`), &session)
	start := day.Add(time.Duration(slot) * 30 * time.Minute).Format(time.RFC3339)
	order := fmt.Sprintf(`{"vendor":%q,"service":%q,"start":%q}`, vendor, service, start)
	for range n {
		var held struct{ ID string }
		decode(send("POST", "/api/bookings", session.Token, order), &held)
		send("GET", "/api/bookings/"+held.ID, session.Token, "")
		send("POST", "/api/bookings/"+held.ID+"/cancel", session.Token, "{}")
	}
}

// Operations per CPU second through the whole engine, with events, metrics and
// the catalogue of rules, against a bare loop that calls the same handler with
// a fresh request each. Printed: the ratio on one processor, which should be at
// least 0.5, and on all of them, where Go's scheduler wakes a second processor
// for nothing at each change of goroutine.
func BenchmarkEngineAgainstBareLoop(b *testing.B) {
	all := runtime.GOMAXPROCS(1)
	defer runtime.GOMAXPROCS(all)
	one := compareLoops(b)
	b.ReportMetric(one.engine, "engine-ops/cpu-s")
	b.ReportMetric(one.bare, "bare-ops/cpu-s")
	b.ReportMetric(one.engine/one.bare, "ratio")
	runtime.GOMAXPROCS(all)
	together := compareLoops(b)
	b.ReportMetric(together.engine/together.bare, "ratio-all-procs")
	b.ReportMetric(0, "ns/op")
}

// speeds are operations per CPU second.
type speeds struct{ bare, engine float64 }

func compareLoops(b *testing.B) speeds {
	const citizens, each = 40, 500
	var bare, engine time.Duration
	var operations int64
	for range b.N { // first, in a process as it is without us: a run takes ballast
		bare += bareLoop(b, citizens, each)
	}
	for range b.N {
		used, n := engineLoop(b, citizens, each)
		engine += used
		operations += n
	}
	return speeds{bare: float64(operations) / bare.Seconds(), engine: float64(operations) / engine.Seconds()}
}

func bareLoop(b *testing.B, citizens, each int) time.Duration {
	app, err := booking.New(booking.Config{RatePerMinute: -1})
	require.NoError(b, err)
	defer func() { require.NoError(b, app.Close()) }()
	send := func(method, path, token, body string) []byte {
		request, err := http.NewRequest(method, "http://host"+path, bytes.NewReader([]byte(body)))
		if err != nil {
			panic(err)
		}
		if token != "" {
			request.Header.Set("Authorization", "Bearer "+token)
		}
		recorder := httptest.NewRecorder()
		app.ServeHTTP(recorder, request)
		return recorder.Body.Bytes()
	}
	vendor, service := shopFor(send)
	day := time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, 7)
	before := cputime.Used()
	for i := range citizens {
		rounds(each, fmt.Sprint("bench-", i), i, send, day, vendor, service)
	}
	return cputime.Used() - before
}

func engineLoop(b *testing.B, citizens, each int) (time.Duration, int64) {
	var vendor, service string
	var before, used time.Duration // from the first worker's start to the last one's end
	ended := 0
	worker := simcity.AgentFunc(func(ctx context.Context, c *simcity.Citizen) error {
		send := func(method, path, token, body string) (answer []byte) {
			if c.Sleep(ctx, time.Duration(1+c.Rand().IntN(2000))*time.Millisecond) != nil {
				return nil
			}
			_ = c.Do(ctx, method, path, func(ctx context.Context, op *simcity.Operation) error {
				request, err := http.NewRequestWithContext(ctx, method, c.BaseURL()+path, bytes.NewReader([]byte(body)))
				if err != nil {
					return err
				}
				if token != "" {
					request.Header.Set("Authorization", "Bearer "+token)
				}
				response, err := c.Send(request)
				if err != nil {
					return err
				}
				answer = make([]byte, response.ContentLength)
				_, err = io.ReadFull(response.Body, answer)
				return err
			})
			return answer
		}
		if vendor == "" {
			vendor, service = shopFor(send)
			return nil
		}
		if before == 0 {
			before = cputime.Used()
		}
		rounds(each, fmt.Sprint("bench-", c.Number()), c.Number(), send, c.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, 7), vendor, service)
		if ended++; ended == citizens {
			used = cputime.Used() - before
		}
		return nil
	})
	running, err := simcity.New(simcity.Scenario{
		Name: "bench", Duration: 24 * time.Hour, Collectors: []simcity.Collector{invariants.Prometheus("")},
		Invariants: invariants.Catalogue(), AllowEmpty: []string{"*"},
		Populations: []simcity.Population{
			{Name: "shop", Agent: worker, Resident: true, Arrivals: agents.Burst{N: 1}},
			{Name: "worker", Agent: worker, Resident: true, Arrivals: agents.Burst{N: citizens, At: time.Minute}, StepLimit: 1 << 30},
		},
	}).Target(simcity.InProcess(func(*simcity.World) (http.Handler, error) {
		return booking.New(booking.Config{RatePerMinute: -1})
	})).Start(context.Background())
	require.NoError(b, err)
	result := running.Wait()
	require.Equal(b, simcity.Pass, result.Verdict, result.Explain())
	require.Greater(b, result.Operations, int64(citizens*each*3))
	return used, result.Operations
}

// Seven simulated days of the baseline's city. Printed: seconds of wall time,
// and how much of the heap is live after the first and the last day, 64 MiB of it
// ballast that the engine takes once per process.
func BenchmarkSevenDaySoak(b *testing.B) {
	for range b.N {
		began := time.Now()
		var live []float64
		day := scenarios.Baseline()
		day.Name, day.Duration = "soak", 7*24*time.Hour
		next := 24 * time.Hour
		day.Collectors = append(day.Collectors, simcity.CollectorFunc(func(_ context.Context, w *simcity.World) error {
			if w.Elapsed() >= next {
				next += 24 * time.Hour
				live = append(live, liveHeap())
			}
			return nil
		}))
		running, err := simcity.New(day).Target(simcity.InProcess(newCity())).Start(context.Background())
		require.NoError(b, err)
		result := running.Wait()
		require.Equal(b, simcity.Pass, result.Verdict, result.Explain())
		b.ReportMetric(time.Since(began).Seconds(), "wall-s")
		b.ReportMetric(float64(result.Operations), "operations")
		b.ReportMetric(live[0]/1e6, "live-MB-day1")
		b.ReportMetric(live[len(live)-1]/1e6, "live-MB-day7")
		b.ReportMetric(0, "ns/op")
	}
}

func liveHeap() float64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}

// A hundred thousand citizens who live at the same time and each ask the app
// once an hour. Printed: bytes per citizen, stacks included, and wall time.
func BenchmarkHundredThousandCitizens(b *testing.B) {
	const citizens = 100_000
	for range b.N {
		began := time.Now()
		var before, during runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		living := simcity.AgentFunc(func(ctx context.Context, c *simcity.Citizen) error {
			for {
				if err := c.Sleep(ctx, time.Duration(c.Rand().Int64N(int64(time.Hour)))); err != nil {
					return err
				}
				err := c.Do(ctx, "search", "", func(ctx context.Context, op *simcity.Operation) error {
					request, err := http.NewRequestWithContext(ctx, "GET", c.BaseURL()+"/api/search?city=springfield", nil)
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
		})
		measure := simcity.CollectorFunc(func(_ context.Context, w *simcity.World) error {
			if during.Sys == 0 && w.Elapsed() > time.Hour {
				runtime.GC()
				runtime.ReadMemStats(&during)
			}
			return nil
		})
		running, err := simcity.New(simcity.Scenario{
			Name: "crowd", Duration: 2 * time.Hour, Collectors: []simcity.Collector{measure},
			Invariants:  []simcity.Invariant{invariants.APIErrorRate(0)},
			Populations: []simcity.Population{{Name: "citizen", Agent: living, Resident: true, Arrivals: agents.Burst{N: citizens}}},
		}).Target(simcity.InProcess(func(*simcity.World) (http.Handler, error) { return booking.New(booking.Config{}) })).
			Start(context.Background())
		require.NoError(b, err)
		result := running.Wait()
		require.Equal(b, simcity.Pass, result.Verdict, result.Explain())
		used := float64(during.HeapAlloc+during.StackInuse) - float64(before.HeapAlloc+before.StackInuse)
		b.ReportMetric(used/citizens, "bytes/citizen")
		b.ReportMetric(float64(result.Operations), "operations")
		b.ReportMetric(time.Since(began).Seconds(), "wall-s")
		b.ReportMetric(0, "ns/op")
	}
}
