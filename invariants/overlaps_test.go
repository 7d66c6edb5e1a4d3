package invariants_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/invariants"
	"github.com/bookiji/simcity/simcity"
)

func TestOverlaps(t *testing.T) {
	t.Parallel()
	onDevices := func(errors, all int) history {
		return many(all, func(i int) any {
			op := did("a", "confirm", 0, 0)
			op.Device = 1 + i%2
			if i < errors {
				op = failed(op)
			}
			return op
		})
	}
	v := review(invariants.Overlaps(0), onDevices(2, 20))
	require.Len(t, v.breaches, 1)
	require.Equal(t, simcity.Breach{
		Got: "10 %", Want: "less than 10 %",
		Detail: `2 of 20 operations on two devices at once fail, the last was "confirm"`,
	}, v.breaches[0])
	require.False(t, review(invariants.Overlaps(0), onDevices(2, 21)).broken())
	require.False(t, review(invariants.Overlaps(0.5), onDevices(9, 20)).broken())
	require.False(t, review(invariants.Overlaps(0), onDevices(9, 9)).broken(), "too few")

	alone := review(invariants.Overlaps(0), many(20, func(int) any { return failed(did("a", "confirm", 0, 0)) }))
	require.Zero(t, alone.judgement.Samples, "what is not under way with another is the error rate's matter")
}
