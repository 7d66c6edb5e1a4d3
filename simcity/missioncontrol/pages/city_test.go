package pages_test

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/chaos"
	"github.com/bookiji/simcity/examples/booking"
	"github.com/bookiji/simcity/scenarios"
	"github.com/bookiji/simcity/simcity"
	"github.com/bookiji/simcity/simcity/telemetry"
)

// A recorded run is one whose whole history is in memory.
type recorded struct {
	row       telemetry.Run
	events    []telemetry.Event
	snapshots []telemetry.Snapshot
}

// bad are the first hours of a day of disasters on the reference marketplace, with a
// bug or without.
func bad(t testing.TB, seed uint64, hours int, bugs ...booking.Bug) recorded {
	t.Helper()
	day := scenarios.DisasterMix()
	day.Duration = time.Duration(hours) * time.Hour
	day.Injections = slices.DeleteFunc(day.Injections, func(i simcity.Injection) bool { return i.At >= day.Duration })
	return record(t, day, seed, marketplace(bugs))
}

// record makes a run and keeps its history.
func record(t testing.TB, scenario simcity.Scenario, seed uint64, app func(*simcity.World) (http.Handler, error)) recorded {
	t.Helper()
	store := telemetry.NewMemory()
	simcity.New(scenario).Seed(seed).Target(simcity.InProcess(app)).
		Report(telemetry.NewReporter(store, telemetry.Options{})).Simulate(quiet{t})
	runs, err := store.Runs(t.Context(), telemetry.RunFilter{})
	require.NoError(t, err)
	require.Len(t, runs, 1)
	r := recorded{row: runs[0]}
	for {
		page, err := store.Events(t.Context(), r.row.ID, int64(len(r.events)), telemetry.LimitMax)
		require.NoError(t, err)
		r.events = append(r.events, page...)
		if len(page) < telemetry.LimitMax {
			break
		}
	}
	for from := int64(0); ; {
		page, err := store.Snapshots(t.Context(), r.row.ID, from, telemetry.LimitMax)
		require.NoError(t, err)
		r.snapshots = append(r.snapshots, page...)
		if len(page) < telemetry.LimitMax {
			return r
		}
		from = page[len(page)-1].Index + 1
	}
}

// quiet keeps the verdicts of recorded runs out of the tests' own.
type quiet struct{ testing.TB }

func (quiet) Error(...any)          {}
func (quiet) Errorf(string, ...any) {}
func (quiet) Log(...any)            {}
func (quiet) Logf(string, ...any)   {}

// marketplace builds the app in memory, with the hooks that the day's faults need.
func marketplace(bugs []booking.Bug) func(*simcity.World) (http.Handler, error) {
	return func(w *simcity.World) (http.Handler, error) {
		store := booking.NewMemoryStore()
		app, err := booking.New(booking.Config{
			Bugs: bugs, Store: parking{store}, Logger: w.Logger(),
			WebhookClient: w.HostClient(), WebhookURL: w.BaseURL() + "/api/payments/webhook", WebhookSecret: "whsec",
		})
		if err != nil {
			return nil, err
		}
		chaos.Offer(w, chaos.Hooks{
			InvalidateCache: app.InvalidateCache,
			PauseRefresh: func(context.Context) (func(context.Context) (int64, error), error) {
				resume := app.PauseRefresh()
				return func(context.Context) (int64, error) { return resume(), nil }, nil
			},
			MisconfigureRLS: func(_ context.Context, kind string) (func(context.Context) error, int64, error) {
				restore, rows, err := store.Misconfigure(kind)
				return func(context.Context) error { restore(); return nil }, rows, err
			},
		})
		return app, nil
	}
}

// parking is the store with a seam before each transaction, where requests may
// overtake one another.
type parking struct{ booking.Store }

func (p parking) View(ctx context.Context, f func(booking.Tx) error) error {
	if err := simcity.Yield(ctx, "store.View"); err != nil {
		return err
	}
	return p.Store.View(ctx, f)
}

func (p parking) Update(ctx context.Context, f func(booking.Tx) error) error {
	if err := simcity.Yield(ctx, "store.Update"); err != nil {
		return err
	}
	return p.Store.Update(ctx, f)
}

// recordings are the runs of these tests, made once: a correct day, the same with
// a race, another seed, one to be shown as it goes, and one of an app without bookings.
var recordings = sync.OnceValue(func() func(testing.TB) []recorded {
	var once sync.Once
	var all []recorded
	return func(t testing.TB) []recorded {
		once.Do(func() {
			made := make([]recorded, 5)
			var runs sync.WaitGroup
			for i, make := range []func() recorded{
				func() recorded { return bad(t, 42, 6) },
				func() recorded { return bad(t, 42, 6, booking.BugCheckThenInsert) },
				func() recorded { return bad(t, 7, 1) },
				func() recorded { return bad(t, 11, 6) },
				func() recorded { return record(t, keepers(), 3, shelf) },
			} {
				runs.Go(func() { made[i] = make() })
			}
			runs.Wait()
			all = made
		})
		require.Len(t, all, 5, "the recording failed before")
		return all
	}
})()
