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
	number int64
	late   bool
	seen   atomic.Int64
}

func (c *cutAt) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if c.seen.Add(1) != c.number {
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
	for n, c := range []struct {
		events int64
		number int64 // of the request that is cut
		late   bool  // it was done
		want   half
	}{
		{30, 1, false, half{0, 0, -1}}, {30, 1, true, half{30, 0, -1}}, // events
		{30, 2, false, half{30, 0, -1}}, {30, 2, true, half{30, 3, -1}}, // snapshots
		{30, 3, false, half{30, 3, -1}}, {30, 3, true, half{30, 3, -1}}, // the live row is changed, of which there is none
		{30, 4, false, half{30, 3, -1}}, {30, 4, true, half{30, 3, 29}}, // and added
		{1100, 2, false, half{1000, 0, -1}}, {1100, 2, true, half{1100, 0, -1}}, // the second page of events
	} {
		t.Run(fmt.Sprintf("%d events, request %d, done %t", c.events, c.number, c.late), func(t *testing.T) {
			run := telemetrytest.NewRun(n)
			require.NoError(t, calm.BeginRun(t.Context(), run))
			batch := telemetrytest.History(run, 0, c.events)
			batch.Live = &telemetry.Live{RunID: run.ID, Status: telemetry.StatusRunning, LastEventIndex: c.events - 1, HeartbeatAt: run.StartedAt, Message: "going on"}
			torn := &cutAt{Handler: rest, number: c.number, late: c.late}
			store := open(t, serve(t, torn), secretKey)
			err := store.Append(t.Context(), batch)
			require.Error(t, err)
			require.True(t, telemetry.Transient(err))
			require.Equal(t, c.want, there(t, calm, run.ID))
			require.NoError(t, store.Append(t.Context(), batch))
			require.Equal(t, half{int(c.events), len(batch.Snapshots), c.events - 1}, there(t, calm, run.ID))
		})
	}
}

// half is what a store has of a batch.
type half struct {
	events, snapshots int
	live              int64 // the last event that the live row tells of
}

// there reads what a store has of a run, whose events must follow one another.
func there(t *testing.T, store telemetry.Store, id string) half {
	t.Helper()
	chain, err := telemetry.Verify(t.Context(), store, id)
	require.NoError(t, err)
	snapshots, err := store.Snapshots(t.Context(), id, 0, telemetry.LimitMax)
	require.NoError(t, err)
	live, err := store.Live(t.Context(), id)
	require.NoError(t, err)
	return half{int(chain.Events()), len(snapshots), live.LastEventIndex}
}
