package simcity_test

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/simcity"
)

// shelf is a reporter that keeps what it is told.
type shelf struct {
	refuse    error
	lose      error
	runs      []simcity.RunInfo
	events    []simcity.Event
	snapshots []*simcity.Snapshot
	ended     []*simcity.Result
	closed    bool
}

func (s *shelf) Begin(run simcity.RunInfo) (simcity.Recorder, error) {
	s.runs = append(s.runs, run)
	return s, s.refuse
}

func (s *shelf) Record(e simcity.Event, snapshot *simcity.Snapshot) {
	s.events = append(s.events, e)
	if snapshot != nil {
		s.snapshots = append(s.snapshots, snapshot)
	}
}

func (s *shelf) End(res *simcity.Result) error {
	s.ended = append(s.ended, res)
	return s.lose
}

func (s *shelf) Close() error {
	s.closed = true
	return nil
}

func TestReporterIsToldEveryEventInOrder(t *testing.T) {
	t.Parallel()
	var told shelf
	s := city(hello, citizens("regular", 3, regular)).Inject(calmFault(), 20*time.Minute, 5*time.Minute)
	silent := s.Simulate(t)
	res := s.Report(&told).Simulate(t)
	require.Equal(t, silent.Digest, res.Digest, "telemetry leaves the digest alone")
	require.Len(t, told.events, int(res.Events))
	for i, e := range told.events {
		require.EqualValues(t, i, e.Index)
	}
	require.Equal(t, res.Digest, told.events[len(told.events)-1].After)
	require.Equal(t, []*simcity.Result{res}, told.ended)
	require.Equal(t, "city", told.runs[0].Scenario)
	require.Regexp(t, `^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`, told.runs[0].ID)
}

func TestTwoRunsOfASeedHaveTwoIDs(t *testing.T) {
	var told shelf
	city(hello, citizens("visitor", 1, visitor)).Report(&told).Simulate(t)
	city(hello, citizens("visitor", 1, visitor)).Report(&told).Simulate(t)
	require.NotEqual(t, told.runs[0].ID, told.runs[1].ID)
}

func TestSnapshotsAreSparseAndAtEveryEdge(t *testing.T) {
	t.Parallel()
	var told shelf
	city(hello, citizens("regular", 3, regular)).Inject(calmFault(), 20*time.Minute, 5*time.Minute).Report(&told).Simulate(t)
	at := map[int64]*simcity.Snapshot{}
	last := int64(-1)
	for _, s := range told.snapshots {
		require.LessOrEqual(t, s.Index-last, int64(10))
		last = s.Index
		at[s.Index] = s
	}
	for _, e := range told.events {
		switch e.Type {
		case simcity.EventFaultInjected:
			require.Equal(t, []string{"CALM"}, at[e.Index].Faults)
		case simcity.EventFaultReverted, simcity.EventRunEnded:
			require.Empty(t, at[e.Index].Faults)
		}
	}
}

func TestReporterThatRefusesStopsTheTestBeforeTheRun(t *testing.T) {
	told := record(t, "TestX", func(t testing.TB) {
		city(hello, citizens("visitor", 1, visitor)).Report(&shelf{refuse: errors.New("no such table")}).Simulate(t)
	})
	require.Contains(t, told.fatal, "telemetry could not begin: no such table")
	_, err := city(hello, citizens("visitor", 1, visitor)).Report(&shelf{refuse: errors.New("no such table")}).Start(t.Context())
	require.ErrorContains(t, err, "no such table")
}

func TestHistoryThatIsNotWholeIsNoPass(t *testing.T) {
	t.Parallel()
	res := city(hello, citizens("visitor", 1, visitor)).Report(&shelf{lose: errors.New("disk full")}).Simulate(t)
	require.Equal(t, simcity.Inconclusive, res.Verdict)
	require.Equal(t, []string{"the run's history is not whole: disk full"}, res.Reasons)
	onlyFinding(t, res, simcity.FindingTelemetry)
}

// shelves counts the schemes registered, since each stays for the process.
var shelves atomic.Int64

func TestTelemetryFromTheEnvironment(t *testing.T) {
	var told shelf
	scheme := fmt.Sprintf("shelf%d", shelves.Add(1))
	simcity.RegisterTelemetry(scheme, func(dsn string) (simcity.Reporter, error) {
		if strings.HasSuffix(dsn, "broken") {
			return nil, errors.New("cannot be opened")
		}
		return &told, nil
	})
	require.Panics(t, func() { simcity.RegisterTelemetry(scheme, nil) })

	t.Setenv("SIMCITY_TELEMETRY", scheme+":here")
	t.Run("run", func(t *testing.T) { city(hello, citizens("visitor", 1, visitor)).Simulate(t) })
	require.Len(t, told.ended, 1)
	require.True(t, told.closed)

	t.Setenv("SIMCITY_TELEMETRY", scheme+":broken")
	said := record(t, "TestX", func(t testing.TB) { city(hello, citizens("visitor", 1, visitor)).Simulate(t) })
	require.Contains(t, said.fatal, "SIMCITY_TELEMETRY="+scheme+":...: cannot be opened")

	t.Setenv("SIMCITY_TELEMETRY", "drawer://user:secret@host")
	said = record(t, "TestX", func(t testing.TB) { city(hello, citizens("visitor", 1, visitor)).Simulate(t) })
	require.Contains(t, said.fatal, "SIMCITY_TELEMETRY is drawer; allowed: shelf")
	require.NotContains(t, said.fatal, "secret")

	for value, fix := range map[string]string{
		"sqllite:runs.db":       "correct the word before the colon: did you mean sqlite?",
		"postgresql://host/app": `link the store into the test: import _ "github.com/bookiji/simcity/simcity/telemetry/postgres"`,
	} {
		t.Setenv("SIMCITY_TELEMETRY", value)
		said = record(t, "TestX", func(t testing.TB) { city(hello, citizens("visitor", 1, visitor)).Simulate(t) })
		require.Contains(t, said.fatal, "fix: "+fix)
	}

	t.Setenv("SIMCITY_TELEMETRY", "host=db password=secret")
	said = record(t, "TestX", func(t testing.TB) { city(hello, citizens("visitor", 1, visitor)).Simulate(t) })
	require.Contains(t, said.fatal, "SIMCITY_TELEMETRY is (not shown); allowed: shelf")
	require.Contains(t, said.fatal, "fix: write sqlite:path, postgres://user:password@host/database or supabase")
	require.NotContains(t, said.fatal, "secret")

	t.Setenv("SIMCITY_TELEMETRY", "runs.db")
	said = record(t, "TestX", func(t testing.TB) { city(hello, citizens("visitor", 1, visitor)).Simulate(t) })
	require.Contains(t, said.fatal, "SIMCITY_TELEMETRY is runs.db; allowed: shelf")
	require.Contains(t, said.fatal, "fix: write sqlite:runs.db")
}
