package postgres_test

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/internal/pgtest"
	"github.com/bookiji/simcity/simcity"
	"github.com/bookiji/simcity/simcity/telemetry"
)

// stage is where a fault strikes.
type stage struct {
	*testing.T
	server  *pgtest.Server
	address string // of the database, past the proxy
	proxy   *proxy
}

// faults are what may befall a store while a run goes on. Each gets the turn in
// which it is asked: one for every 100 events, and -1 when the run is about to end.
var faults = []struct {
	name   string
	strike func(s *stage, turn int64)
}{
	{"the server crashes and comes back", func(s *stage, turn int64) {
		switch turn {
		case 3:
			s.server.Crash(s.T)
		case 9:
			s.server.Restart(s.T)
		}
	}},
	{"the server crashes twice, the second time to the end", func(s *stage, turn int64) {
		switch turn {
		case 2, 6:
			s.server.Crash(s.T)
		case 4, -1:
			s.server.Restart(s.T)
		}
	}},
	{"backends are killed all the time", func(s *stage, _ int64) {
		conn, err := pgx.Connect(context.Background(), s.address)
		require.NoError(s, err)
		defer conn.Close(context.Background())
		_, err = conn.Exec(context.Background(), "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
		require.NoError(s, err)
	}},
	{"connections are cut all the time", func(s *stage, _ int64) { s.proxy.cut() }},
	{"nothing passes for a while", func(s *stage, turn int64) {
		switch {
		case turn < 0 || turn%4 == 0:
			s.proxy.release()
		case turn%4 == 1:
			s.proxy.hold()
		}
	}},
	{"the network hangs and is then cut", func(s *stage, turn int64) {
		switch {
		case turn < 0 || turn%4 == 0:
			s.proxy.cut()
			s.proxy.release()
		case turn%4 == 1:
			s.proxy.hold()
		}
	}},
}

// Whatever happens to the database, every event of the run is there once and in
// order when it is back, and the run is what it is without telemetry.
func TestFaultsLeaveTheHistoryWhole(t *testing.T) {
	t.Parallel()
	silent := baseline(7, morning).Simulate(t)
	require.Greater(t, silent.Events, int64(1000))
	calm := pgtest.NewServer(t)
	for _, fault := range faults {
		t.Run(fault.name, func(t *testing.T) {
			t.Parallel()
			s := &stage{T: t, server: calm}
			if strings.Contains(fault.name, "crashes") {
				s.server = pgtest.NewServer(t)
			}
			s.address = s.server.Database(t, pgtest.Supabase, migrated)
			var through string
			s.proxy, through = newProxy(t, s.address)
			store, dir := open(t, through), t.TempDir()

			// The faults happen in real time, outside of the run, which waits for them.
			turns, struck := make(chan int64), make(chan struct{})
			go func() {
				for turn := range turns {
					go func() {
						defer func() { struck <- struct{}{} }() // also when the fault itself fails the test
						fault.strike(s, turn)
					}()
				}
			}()
			at := func(turn int64) {
				turns <- turn
				<-struck
			}
			running, err := baseline(7, morning).Report(telemetry.NewReporter(store, telemetry.Options{
				SpillDir: dir, QueueEvents: 150, BatchRows: 50, CallTimeout: 500 * time.Millisecond, BackoffMax: 100 * time.Millisecond, FlushTimeout: time.Minute,
			})).Watch(func(e simcity.Event) {
				if e.Index%100 == 99 {
					at(e.Index/100 + 1)
				}
				if e.Type == simcity.EventRunEnded {
					at(-1)
				}
			}).Start(t.Context())
			require.NoError(t, err)
			res := running.Wait()
			close(turns)
			require.Equal(t, simcity.Pass, res.Verdict, res.Explain())
			require.Equal(t, silent.Digest, res.Digest)
			whole(t, open(t, s.address), res)
			left, err := os.ReadDir(dir)
			require.NoError(t, err)
			require.Empty(t, left, "the journal is gone")
		})
	}
}

// whole demands the one run of a store, each event once, in order and chained.
func whole(t *testing.T, store telemetry.Store, res *simcity.Result) {
	t.Helper()
	runs, err := store.Runs(t.Context(), telemetry.RunFilter{})
	require.NoError(t, err)
	require.Len(t, runs, 1)
	require.Equal(t, "PASS", runs[0].Result)
	require.Equal(t, res.Digest.String(), runs[0].Digest)
	chain, err := telemetry.Verify(t.Context(), store, runs[0].ID)
	require.NoError(t, err)
	require.Equal(t, res.Events, chain.Events())
}
