package conductor_test

import (
	"container/heap"
	"context"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bookiji/simcity/internal/conductor"
	"github.com/bookiji/simcity/internal/cputime"
)

// times is the bare minimum of a discrete-event loop: due times in a heap.
type times []time.Duration

func (t times) Len() int           { return len(t) }
func (t times) Less(i, j int) bool { return t[i] < t[j] }
func (t times) Swap(i, j int)      { t[i], t[j] = t[j], t[i] }
func (t *times) Push(x any)        { *t = append(*t, x.(time.Duration)) }
func (t *times) Pop() any {
	last := (*t)[len(*t)-1]
	*t = (*t)[:len(*t)-1]
	return last
}

// Steps per CPU second of goroutines that sleep under the conductor, in a
// bubble, against a bare heap of due times without goroutines. Printed: what
// share of the bare loop's speed is left.
func BenchmarkStepsAgainstBareHeap(b *testing.B) {
	const actors, each = 1000, 200
	var steps, bare time.Duration
	for range b.N {
		steps += conducted(actors, each)
		bare += heaped(actors, each)
	}
	n := float64(b.N * actors * each)
	b.ReportMetric(n/steps.Seconds(), "steps/cpu-s")
	b.ReportMetric(n/bare.Seconds(), "bare-steps/cpu-s")
	b.ReportMetric(bare.Seconds()/steps.Seconds(), "ratio")
	b.ReportMetric(0, "ns/op")
}

func conducted(actors, each int) time.Duration {
	before := cputime.Used()
	synctest.Test(&testing.T{}, func(*testing.T) {
		c := conductor.New(conductor.Config{Clock: conductor.Virtual(), Hold: conductor.RandomHold(1)})
		for range actors {
			c.Go("actor", func(a *conductor.Actor) {
				random := rand.New(rand.NewPCG(2, 2))
				for range each {
					_ = a.Sleep(context.Background(), time.Duration(random.IntN(1e9)))
				}
			})
		}
		c.Run(time.Hour)
		c.Dismiss()
	})
	return cputime.Used() - before
}

func heaped(actors, each int) time.Duration {
	before := cputime.Used()
	random := rand.New(rand.NewPCG(2, 2))
	due := &times{}
	for range actors {
		heap.Push(due, time.Duration(random.IntN(1e9)))
	}
	for range actors * each {
		at := heap.Pop(due).(time.Duration)
		heap.Push(due, at+time.Duration(random.IntN(1e9)))
	}
	return cputime.Used() - before
}
