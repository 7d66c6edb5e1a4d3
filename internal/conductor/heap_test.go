package conductor

import (
	"cmp"
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
