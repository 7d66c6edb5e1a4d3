package missioncontrol_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/internal/pgtest"
	"github.com/bookiji/simcity/simcity/missioncontrol"
	"github.com/bookiji/simcity/simcity/telemetry"
	"github.com/bookiji/simcity/simcity/telemetry/postgres"
	"github.com/bookiji/simcity/simcity/telemetry/sqlite"
	"github.com/bookiji/simcity/simcity/telemetry/telemetrytest"
)

// inMemory is a store that two in one process share.
func inMemory(t *testing.T) func() telemetry.Store {
	store := telemetry.NewMemory()
	return func() telemetry.Store { return store }
}

// inSQLite is a file that each opens for itself.
func inSQLite(t *testing.T) func() telemetry.Store {
	path := filepath.Join(t.TempDir(), "history.db")
	return func() telemetry.Store {
		store, err := sqlite.OpenOrCreate(path)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, store.Close()) })
		return store
	}
}

// inPostgres is a database that each opens for itself.
func inPostgres(t *testing.T) func() telemetry.Store {
	dsn := pgtest.Database(t)
	return func() telemetry.Store {
		store, err := postgres.Open(dsn)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, store.Close()) })
		require.NoError(t, store.Migrate(t.Context()))
		return store
	}
}

func TestRunOfAnotherProcessIsFollowed(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(*testing.T) func() telemetry.Store{"memory": inMemory, "sqlite": inSQLite, "postgres": inPostgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			requireFollowed(t, open(t))
		})
	}
}

// requireFollowed tells that a run of another process is followed through a store that
// both open: whole, in order, and with one reader for all who follow it.
func requireFollowed(t *testing.T, open func() telemetry.Store) {
	t.Helper()
	share := func(c *missioncontrol.Config) {
		c.Store, c.StorePoll, c.Heartbeat = open(), 5*time.Millisecond, 20*time.Millisecond
	}
	there, here := setup(t, share), setup(t, share)
	id := there.held()

	early := here.stream(id, "")
	early.until(func(f frame) bool { return f.name == "event" && f.id == "6" })
	early.until(func(f frame) bool { return f.name == "heartbeat" && strings.Contains(f.data, `"lastEventIndex":"6"`) })
	there.data(200, "POST", "/api/simcity/step", `{"steps":4}`)
	late := here.stream(id, "2")
	got := ids(late.until(func(f frame) bool { return f.name == "event" && f.id == "9" }))
	require.Equal(t, upTo(9)[3:], got)
	require.Equal(t, 1, missioncontrol.DistantRuns(here.mission))

	status, _, refused := here.call("POST", "/api/ops/simcity/runs/"+id+"/stop", "")
	require.Equal(t, 409, status)
	require.Contains(t, refused, "it belongs to another process")

	there.data(200, "POST", "/api/simcity/speed", `{"factor":0}`)
	there.data(200, "POST", "/api/simcity/resume", "")
	rest := early.until(func(f frame) bool { return f.name == "end" })
	end := rest[len(rest)-1]
	require.Contains(t, end.data, `"verdict":"PASS"`)
	events := ids(rest)
	require.Equal(t, "7", events[0])
	require.Len(t, append(upTo(6), events...), len(upTo(atoi(t, end.id)-1)), "none lost, none doubled")
	late.until(func(f frame) bool { return f.name == "end" })
	early.close()
	late.close()
	require.Eventually(t, func() bool { return missioncontrol.DistantRuns(here.mission) == 0 }, 5*time.Second, time.Millisecond, "nobody reads for nobody")
}

// A run that a runner makes is stopped through its request.
func TestStopReachesARunner(t *testing.T) {
	t.Parallel()
	store := telemetry.NewMemory()
	there := setup(t, func(c *missioncontrol.Config) { c.Store = store })
	here := setup(t, func(c *missioncontrol.Config) { c.Store = store })
	id := there.held()
	run := "/api/ops/simcity/runs/" + id
	stoppable := func(d *desk) any { return d.data(200, "GET", run, "")["stoppable"] }
	require.Equal(t, []any{true, false}, []any{stoppable(there), stoppable(here)})

	request := telemetry.RunRequest{ID: telemetrytest.RunID(1), CreatedAt: time.Now()}
	require.NoError(t, store.AddRequest(t.Context(), request))
	_, err := store.Claim(t.Context(), "dora", time.Now(), time.Minute)
	require.NoError(t, err)
	_, err = store.Renew(t.Context(), request.ID, "dora", id, time.Now(), time.Minute)
	require.NoError(t, err)
	require.Equal(t, true, stoppable(here))
	require.Equal(t, "STOPPING", here.data(202, "POST", run+"/stop", "")["status"])
	request, err = store.Request(t.Context(), request.ID)
	require.NoError(t, err)
	require.True(t, request.StopAsked)

	there.data(200, "POST", run+"/stop", "")
	require.Equal(t, []any{false, false}, []any{stoppable(there), stoppable(here)})
}

// Closing ends the streams of a run that goes on elsewhere.
func TestCloseEndsTheStreamsOfDistantRuns(t *testing.T) {
	t.Parallel()
	store := telemetry.NewMemory()
	there := setup(t, func(c *missioncontrol.Config) { c.Store = store })
	here := setup(t, func(c *missioncontrol.Config) { c.Store = store })
	s := here.stream(there.held(), "")
	s.until(func(f frame) bool { return f.name == "event" && f.id == "6" })
	require.NoError(t, here.mission.Close())
	for more := true; more; {
		_, more = s.next()
	}
	s.close()
}
