package invariants_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/invariants"
)

func TestOverlaps(t *testing.T) {
	t.Parallel()
	v := review(invariants.Overlaps(0), onDevices(2, 20))
	require.Len(t, v.breaches, 1)
	require.Equal(t, "10 %", v.breaches[0].Got)
	require.Equal(t, `2 of 20 operations on two devices at once fail, the last was "search"`, v.breaches[0].Detail)
	require.False(t, review(invariants.Overlaps(0.5), onDevices(9, 20)).broken())
	require.False(t, review(invariants.Overlaps(0), onDevices(9, 9)).broken(), "too few")
	require.Zero(t, review(invariants.Overlaps(0), failures(20, 20)).judgement.Samples, "what nothing else overlaps is the error rate's matter")
}
