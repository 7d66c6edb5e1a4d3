package invariants

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/simcity"
)

// TestALedgerForgets lets seven days of bookings pass and looks at what is left.
func TestALedgerForgets(t *testing.T) {
	t.Parallel()
	l := newLedger(nil)
	largest := 0
	for i := range 7 * 24 * 60 {
		now := time.Duration(i) * time.Minute
		id := fmt.Sprint(i)
		start := epoch.Add(now + time.Hour)
		f := simcity.Fact{
			Kind: simcity.Held, ID: id, Resource: fmt.Sprint(i % 10), Start: start, End: start.Add(time.Hour),
			Until: epoch.Add(now + 10*time.Minute),
		}
		op := simcity.Operation{Citizen: id, Start: now, End: now}
		l.learn(&op, &f)
		l.sweep(now)
		largest = max(largest, l.size, len(l.claims))
	}
	require.LessOrEqual(t, largest, 200) // about two hours and a bit of one per minute
	l.sweep(8 * 24 * time.Hour)
	require.Empty(t, l.claims)
	require.Empty(t, l.shelves)
	require.Zero(t, l.size)
}

func TestALedgerSaysWhatItDoesNotWatch(t *testing.T) {
	t.Parallel()
	l := newLedger(nil)
	l.limit = 1
	for i := range 3 {
		op := simcity.Operation{}
		f := simcity.Fact{Kind: simcity.Held, ID: fmt.Sprint(i), Resource: "room"}
		l.learn(&op, &f)
	}
	j := l.note(simcity.Judgement{Got: "0 double bookings", Samples: 1, Needs: 1})
	require.Equal(t, "0 double bookings (2 claims beyond the limit of 1 not watched)", j.Got)
	require.Less(t, j.Samples, j.Needs)
}

// TestOperationsWithoutFactsAreFree keeps the hot path free of allocations.
func TestOperationsWithoutFactsAreFree(t *testing.T) {
	for _, inv := range append(Catalogue(), Beyond()...) {
		check := inv.Begin(nil)
		if check.Operation == nil {
			continue
		}
		op := simcity.Operation{Name: "search", Citizen: "a", Latency: time.Millisecond}
		require.Zero(t, testing.AllocsPerRun(100, func() { check.Operation(&op) }), inv.Name)
	}
}

func BenchmarkOperationWithoutFacts(b *testing.B) {
	var checks []simcity.Check
	for _, inv := range Catalogue() {
		if c := inv.Begin(nil); c.Operation != nil {
			checks = append(checks, c)
		}
	}
	op := simcity.Operation{Name: "search", Citizen: "a", Latency: time.Millisecond}
	for b.Loop() {
		for _, c := range checks {
			c.Operation(&op)
		}
	}
}

func BenchmarkBooking(b *testing.B) {
	check := ZeroDoubleBookings().Begin(nil)
	i := 0
	for b.Loop() {
		i++
		now := time.Duration(i) * time.Second
		start := epoch.Add(now + time.Hour)
		op := simcity.Operation{Citizen: "a", Start: now, End: now, Facts: []simcity.Fact{{
			Kind: simcity.Held, ID: fmt.Sprint(i), Resource: "room", Start: start, End: start.Add(time.Second),
		}}}
		check.Operation(&op)
		check.Tick(&simcity.Snapshot{At: now, Settled: now})
	}
}
