package simcity

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestMinimiseFindsWhatCannotBeLeftOut(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		n := rapid.IntRange(1, 60).Draw(r, "n")
		needed := rapid.SliceOfNDistinct(rapid.IntRange(0, n-1), 0, min(n, 5), rapid.ID[int]).Draw(r, "needed")
		var all []int
		for i := range n {
			all = append(all, i)
		}
		tries := 0
		small := minimise(all, func(some []int) bool {
			tries++
			return !slices.ContainsFunc(needed, func(i int) bool { return !slices.Contains(some, i) })
		})
		slices.Sort(needed)
		require.True(r, slices.Equal(needed, small), "%v, not %v", needed, small)
		require.Less(r, tries, 500)
	})
}

func TestMinimiseStopsWhenItHasHadEnough(t *testing.T) {
	t.Parallel()
	tries := 0
	small := minimise([]int{1, 2, 3, 4, 5, 6, 7, 8}, func([]int) bool { tries++; return tries == 1 })
	require.Equal(t, []int{5, 6, 7, 8}, small)
}
