package simcity_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/simcity"
)

func TestNotesTellWhereNobodyEverMet(t *testing.T) {
	t.Parallel()
	lonely := simcity.SeamResult{Name: "store.insert", Passed: 7}
	met := simcity.SeamResult{Name: "store.look", Passed: 7, Contended: 1}
	hold := simcity.SeamResult{Name: "lock shop.hold", Passed: 3}
	wake := simcity.SeamResult{Name: "wake shop.queue", Passed: 2}
	const fix = " and nobody else ever went first: no race can show there; let citizens share instants (agents.Burst, SleepUntil) or give them less time between operations"
	for _, test := range []struct {
		name    string
		clock   string
		verdict simcity.Verdict
		seams   []simcity.SeamResult
		want    []string
	}{
		{name: "at a seam", seams: []simcity.SeamResult{lonely, met}, want: []string{"seam store.insert was passed 7 times" + fix}},
		{name: "at no lock", seams: []simcity.SeamResult{hold, wake}, want: []string{"locks were taken 5 times at 2 places" + fix + ", or try SIMCITY_EXPLORE=swarm"}},
		{name: "at one lock", seams: []simcity.SeamResult{hold, {Name: "lock shop.sell", Passed: 1, Contended: 1}}},
		{name: "for real", clock: "paced", seams: []simcity.SeamResult{lonely, hold}},
		{name: "in a failure", verdict: simcity.Fail, seams: []simcity.SeamResult{lonely, hold}},
	} {
		require.Equal(t, test.want, simcity.NotesOf(&simcity.Result{Clock: test.clock, Verdict: test.verdict, Seams: test.seams}), test.name)
	}
}

func TestNotesTellThatExploringFoundNoSeam(t *testing.T) {
	t.Parallel()
	require.Contains(t, simcity.NotesOf(&simcity.Result{Explored: "swarm"})[0], "no seam inside the app was passed: requests took turns as wholes")
	require.Empty(t, simcity.NotesOf(&simcity.Result{Explored: "swarm", Seams: []simcity.SeamResult{{Name: "store.look", Passed: 7, Contended: 1}}}))
}
