package invariants_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/invariants"
	"github.com/bookiji/simcity/simcity"
)

func ExampleTenantIsolation() {
	check := invariants.TenantIsolation(0).Begin(nil)
	fmt.Println(check.Operation(&simcity.Operation{Name: "see_foreign", Facts: []simcity.Fact{
		{Kind: simcity.Denied, ID: "bk_1", Holder: "intruder/1"},
		{Kind: simcity.Saw, ID: "bk_2", Holder: "intruder/1", Of: "ann", Detail: "by its id"},
	}}))
	// Output: got intruder/1 was shown bk_2 of ann, want only what is one's own (by its id)
}

// struck is a fault as it struck, from one time to another.
func struck(kind string, begun, ended time.Duration) simcity.FaultWindow {
	return simcity.FaultWindow{Actor: "fault/" + kind, Kind: kind, Begun: begun, Ended: ended}
}

// foreign is a look at what belongs to somebody else.
func foreign(from, to time.Duration) simcity.Operation {
	return did("i", "see_foreign", from, to, simcity.Fact{Kind: simcity.Saw, ID: "bk_1", Holder: "i", Of: "ann"})
}

// looks are answered right.
func looks(n int) history {
	return many(n, func(int) any {
		return did("i", "see_foreign", 0, 0, simcity.Fact{Kind: simcity.Denied, ID: "bk_1", Holder: "i"})
	})
}

func TestTenantIsolation(t *testing.T) {
	t.Parallel()
	own := did("a", "mine", 0, 0, simcity.Fact{Kind: simcity.Saw, ID: "1", Holder: "a", Of: "a"})
	v := review(invariants.TenantIsolation(0), append(looks(9), own))
	require.Empty(t, v.breaches)
	require.Equal(t, "0 looks at foreign data", v.judgement.Got)
	require.Equal(t, [2]int64{10, 10}, [2]int64{v.judgement.Samples, v.judgement.Needs})

	v = review(invariants.TenantIsolation(0), append(looks(9), foreign(hour, hour)))
	require.Len(t, v.breaches, 1)
	require.Equal(t, "i was shown bk_1 of ann", v.breaches[0].Got)
	require.Equal(t, "1 looks at foreign data", v.judgement.Got)
}

func TestTenantIsolationExcusesTheTimeToHeal(t *testing.T) {
	t.Parallel()
	rls := struck("RLS_MISCONFIG", hour, 3*hour)
	storm := struck("STORM", hour, 2*hour)
	for name, c := range map[string]struct {
		rule     simcity.Invariant
		from, to time.Duration
		broken   bool
	}{
		"before it":             {invariants.TenantIsolationUnder([]simcity.FaultWindow{rls}, 0), hour - 2, hour - 1, true},
		"as it began":           {invariants.TenantIsolationUnder([]simcity.FaultWindow{rls}, 0), hour - 2, hour, false},
		"at the last moment":    {invariants.TenantIsolationUnder([]simcity.FaultWindow{rls}, 0), hour + 10*minute, 2 * hour, false},
		"too late, still there": {invariants.TenantIsolationUnder([]simcity.FaultWindow{rls}, 0), hour + 10*minute + 1, 2 * hour, true},
		"less time to heal":     {invariants.TenantIsolationUnder([]simcity.FaultWindow{rls}, minute), hour + 2*minute, hour + 2*minute, true},
		"another fault":         {invariants.TenantIsolationUnder([]simcity.FaultWindow{storm}, 0), hour, hour, true},
		"another, excused":      {invariants.TenantIsolationUnder([]simcity.FaultWindow{storm}, 0, "STORM"), hour, hour, false},
		"nothing excused":       {invariants.TenantIsolationUnder([]simcity.FaultWindow{rls}, 0, ""), hour, hour, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := review(c.rule, append(looks(9), foreign(c.from, c.to)))
			require.Equal(t, c.broken, v.broken())
			require.Equal(t, int64(10), v.judgement.Samples)
		})
	}
}

func TestTenantIsolationTellsTheExposure(t *testing.T) {
	t.Parallel()
	rule := invariants.TenantIsolationUnder([]simcity.FaultWindow{
		struck("RLS_MISCONFIG", hour, 2*hour), struck("RLS_MISCONFIG", 5*hour, 6*hour),
	}, 0)
	v := review(rule, join(looks(10), history{
		foreign(hour+minute, hour+minute), foreign(5*hour, 5*hour+90*second), foreign(5*hour, 5*hour+second),
	}))
	require.Empty(t, v.breaches)
	require.Equal(t, "0 looks at foreign data; excused: 3 under RLS_MISCONFIG, the last 1m30s after it began", v.judgement.Got)
}
