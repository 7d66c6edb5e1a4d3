package simcity

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Operations begin in the order of time and end in any.
func TestSettledIsTheStartOfTheOldest(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	var u underway
	var open []*ongoing
	for now := time.Duration(1); now < 2000; now++ {
		oldest := now
		for _, o := range open {
			oldest = min(oldest, o.since)
		}
		require.Equal(t, oldest, u.settled(now, false))
		if len(open) > 0 && random.IntN(2) == 0 {
			i := random.IntN(len(open))
			u.end(open[i], false)
			open = append(open[:i], open[i+1:]...)
			continue
		}
		o := &ongoing{}
		require.Equal(t, now, u.begin(o, func() time.Duration { return now }))
		open = append(open, o)
	}
	for _, o := range open {
		u.end(o, false)
	}
	require.Equal(t, time.Duration(5), u.settled(5, false))
	require.Equal(t, time.Duration(math.MaxInt64), u.settled(5, true), "none will begin")
}

func TestNothingIsSettledSinceAnOperationWasLost(t *testing.T) {
	t.Parallel()
	var u underway
	for _, since := range []time.Duration{3, 2} {
		o := &ongoing{}
		u.begin(o, func() time.Duration { return since })
		u.end(o, true)
	}
	require.Equal(t, time.Duration(2), u.settled(9, true))
	require.Equal(t, time.Duration(1), u.settled(1, false))
}
