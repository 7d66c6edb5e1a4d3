package supabase_test

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/simcity/telemetry"
	"github.com/bookiji/simcity/simcity/telemetry/telemetrytest"
)

// cutAt cuts the connection of one request of many, by its number, before it is done
// or after.
type cutAt struct {
	http.Handler
	seen, number atomic.Int64
	late         bool
}

func (c *cutAt) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if c.seen.Add(1) != c.number.Load() {
		c.Handler.ServeHTTP(w, r)
		return
	}
	if c.late {
		c.Handler.ServeHTTP(discard{http.Header{}}, r)
	}
	panic(http.ErrAbortHandler)
}

// A batch is several requests, each a transaction of its own. Wherever it is cut, and
// whether or not the request was done, what is there is a beginning of it: events in
// their order, then snapshots, then the live row. The same batch again, from this
// process or from a spill file, completes it and doubles nothing.
func TestBatchThatIsHalfDeliveredIsCompleted(t *testing.T) {
	t.Parallel()
	rest := newPostgREST(t, schema.Database(t))
	calm := open(t, serve(t, rest), serviceKey)
	const requests = 5 // two pages of events, one of snapshots, a change and an insert of the live row
	for _, late := range []bool{false, true} {
		for number := 1; number <= requests; number++ {
			t.Run(fmt.Sprintf("request %d, done %t", number, late), func(t *testing.T) {
				run := telemetrytest.NewRun(number)
				if late {
					run = telemetrytest.NewRun(number + requests)
				}
				require.NoError(t, calm.BeginRun(t.Context(), run))
				batch := telemetrytest.History(run, 0, 1100)
				batch.Live = &telemetry.Live{RunID: run.ID, Status: telemetry.StatusRunning, LastEventIndex: 1099, HeartbeatAt: run.StartedAt, Message: "going on"}

				torn := &cutAt{Handler: rest, late: late}
				torn.number.Store(int64(number))
				store := open(t, serve(t, torn), secretKey)
				err := store.Append(t.Context(), batch)
				require.Error(t, err)
				require.True(t, telemetry.Transient(err))
				done := number - 1
				if late {
					done++
				}
				events, snapshots, live := rows(t, calm, run.ID)
				require.Equal(t, min(done*1000, 1100), len(events))
				require.NoError(t, new(telemetry.Chain).Add(events...))
				require.Equal(t, done >= 3, len(snapshots) > 0)
				require.Equal(t, done >= requests, live.LastEventIndex == 1099)

				require.NoError(t, store.Append(t.Context(), batch))
				events, snapshots, live = rows(t, calm, run.ID)
				require.Len(t, events, 1100)
				require.NoError(t, new(telemetry.Chain).Add(events...))
				require.Len(t, snapshots, len(batch.Snapshots))
				require.EqualValues(t, 1099, live.LastEventIndex)
			})
		}
	}
}

// rows are all that a store has of a run.
func rows(t *testing.T, store telemetry.Store, id string) (events []telemetry.Event, snapshots []telemetry.Snapshot, live telemetry.Live) {
	t.Helper()
	for {
		page, err := store.Events(t.Context(), id, int64(len(events)), telemetry.LimitMax)
		require.NoError(t, err)
		if len(page) == 0 {
			break
		}
		events = append(events, page...)
	}
	snapshots, err := store.Snapshots(t.Context(), id, 0, telemetry.LimitMax)
	require.NoError(t, err)
	live, err = store.Live(t.Context(), id)
	require.NoError(t, err)
	return events, snapshots, live
}
