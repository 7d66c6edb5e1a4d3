package conductor

import (
	"cmp"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestDueHeapGivesTheEarliestAndForgetsWhatIsRemoved(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		var heap dueHeap
		var model []*parking
		seq := uint64(0)
		r.Repeat(map[string]func(*rapid.T){
			"push": func(r *rapid.T) {
				seq++
				p := &parking{due: time.Duration(rapid.IntRange(0, 5).Draw(r, "due")), seq: seq}
				heap.push(p)
				model = append(model, p)
			},
			"remove": func(r *rapid.T) {
				if len(model) == 0 {
					return
				}
				i := rapid.IntRange(0, len(model)-1).Draw(r, "which")
				heap.remove(model[i])
				require.Equal(r, slotNone, model[i].slot)
				model = slices.Delete(model, i, i+1)
			},
			"": func(r *rapid.T) {
				require.Len(r, heap, len(model))
				for i, p := range heap {
					require.Equal(r, i, p.slot)
				}
				if len(model) > 0 {
					require.Same(r, slices.MinFunc(model, func(p, q *parking) int {
						return cmp.Or(cmp.Compare(p.due, q.due), cmp.Compare(p.seq, q.seq))
					}), heap[0])
				}
			},
		})
	})
}

func TestRankHeapGivesTheLowestRankAndThenTheFirst(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		var heap rankHeap
		var model []*parking
		seq := uint64(0)
		r.Repeat(map[string]func(*rapid.T){
			"push": func(r *rapid.T) {
				seq++
				p := &parking{rank: rapid.Uint64Range(0, 4).Draw(r, "rank"), seq: seq}
				heap.push(p)
				model = append(model, p)
			},
			"pop": func(r *rapid.T) {
				if len(model) == 0 {
					return
				}
				first := slices.MinFunc(model, func(p, q *parking) int {
					return cmp.Or(cmp.Compare(p.rank, q.rank), cmp.Compare(p.seq, q.seq))
				})
				require.Same(r, first, heap.pop())
				model = slices.DeleteFunc(model, func(p *parking) bool { return p == first })
			},
			"": func(r *rapid.T) { require.Len(r, heap, len(model)) },
		})
	})
}

func TestHoldOfAnActorsStopDependsOnNobodyElse(t *testing.T) {
	t.Parallel()
	hold := RandomHold(7)
	a, b := &Actor{Key: keyOf("customer/1")}, &Actor{Key: keyOf("customer/2")}
	require.Equal(t, hold(Stop{Actor: a, Number: 1}), RandomHold(7)(Stop{Actor: a, Number: 1}))
	seen := map[uint64]bool{hold(Stop{Actor: a, Number: 1}): true, hold(Stop{Actor: a, Number: 2}): true, hold(Stop{Actor: b, Number: 1}): true, RandomHold(8)(Stop{Actor: a, Number: 1}): true}
	require.Len(t, seen, 4)
}

// Holds are exponential: half of them end within a unit, a quarter later than
// two, and the mean is 1/ln 2 units.
func TestHoldsAreExponential(t *testing.T) {
	t.Parallel()
	const n = 100_000
	var within, late int
	sum := 0.0
	for i := range uint64(n) {
		hold := exponential(mix(i))
		sum += float64(hold) / holdUnit
		if hold < holdUnit {
			within++
		}
		if hold > 2*holdUnit {
			late++
		}
	}
	require.InDelta(t, 0.5, float64(within)/n, 0.01)
	require.InDelta(t, 0.25, float64(late)/n, 0.01)
	require.InDelta(t, 1/math.Ln2, sum/n, 0.02)
	require.LessOrEqual(t, exponential(math.MaxUint64), uint64(1))
	require.EqualValues(t, 64*holdUnit, exponential(0))
}
