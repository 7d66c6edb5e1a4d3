package conductor_test

import (
	"context"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/internal/conductor"
)

func TestUnderwayNamesActorRequestAndSeam(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(*testing.T) {
		c := conductor.New(conductor.Config{Clock: conductor.Virtual(), Hold: conductor.RandomHold(1)})
		c.Go("customer/1", func(a *conductor.Actor) {
			_ = a.BeginHostCode("POST /book")
			var call conductor.Call
			a.Begin(&call)
			go func() {
				_, _ = a.Seam("store.book", time.Minute)
				call.Answer()
			}()
			_, _ = a.Await(context.Background(), &call, 0)
		})
		c.Go("watcher", func(a *conductor.Actor) {
			_ = a.Sleep(context.Background(), time.Second)
			require.Equal(t, []string{"customer/1 in POST /book, parked at seam store.book", "watcher in start"}, c.Underway())
			require.Equal(t, []string{"customer/1 in POST /book"}, c.InHost())
		})
		c.Run(time.Hour)
		require.Empty(t, c.Underway())
		require.Empty(t, c.InHost())
	})
}

func TestActorWhoseClientHasGoneIsStillInTheHost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(*testing.T) {
		c := conductor.New(conductor.Config{Clock: conductor.Virtual(), Hold: conductor.RandomHold(1)})
		release := make(chan struct{})
		c.Go("customer/1", func(a *conductor.Actor) {
			_ = a.BeginHostCode("GET /")
			var call conductor.Call
			a.Begin(&call)
			go func() { <-release; call.Answer() }()
			_, _ = a.Await(context.Background(), &call, time.Second)
		})
		c.Run(time.Hour)
		require.Equal(t, []string{"customer/1 in GET /"}, c.InHost())
		close(release)
		synctest.Wait()
		require.Empty(t, c.InHost())
	})
}

func TestActorsThatNeverBeganAreDismissed(t *testing.T) {
	t.Parallel()
	lines := conduct(t, 1, func(d *diary) {
		d.conductor.Go("first", func(a *conductor.Actor) {
			_ = a.Sleep(context.Background(), time.Minute)
			d.conductor.Go("late", func(*conductor.Actor) { d.write("late ran") })
			d.conductor.Halt()
		})
	})
	require.Empty(t, lines)
}

func TestDismissEndsSeamsInTheHost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(*testing.T) {
		c := conductor.New(conductor.Config{Clock: conductor.Virtual(), Hold: conductor.RandomHold(1)})
		var told error
		c.Go("customer/1", func(a *conductor.Actor) {
			var call conductor.Call
			a.Begin(&call)
			go func() { _, told = a.Seam("store", 2*time.Hour); call.Answer() }()
			_, _ = a.Await(context.Background(), &call, 0)
		})
		c.Run(time.Hour)
		c.Dismiss()
		require.ErrorIs(t, told, conductor.ErrHalted)
	})
}

func TestActorsOfTheNextRunAreNotDismissed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(*testing.T) {
		c := conductor.New(conductor.Config{Clock: conductor.Virtual(), Hold: conductor.RandomHold(1)})
		c.Go("sleeper", func(a *conductor.Actor) { _ = a.Sleep(context.Background(), 2*time.Hour) })
		c.Run(time.Hour)
		c.Dismiss()
		ran := false
		c.Go("end", func(a *conductor.Actor) {
			ran = a.Sleep(context.Background(), time.Minute) == nil
		})
		c.Run(2 * time.Hour)
		require.True(t, ran)
		require.Equal(t, time.Hour+time.Minute, c.Now())
	})
}

func TestRunEndsWhenNobodyIsLeft(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(*testing.T) {
		c := conductor.New(conductor.Config{Clock: conductor.Virtual(), Hold: conductor.RandomHold(1)})
		c.Go("actor", func(a *conductor.Actor) { _ = a.Sleep(context.Background(), time.Minute) })
		c.Run(time.Hour)
		require.Equal(t, time.Minute, c.Now())
		require.Equal(t, uint64(2), c.Steps())
	})
}

func TestSleepUnderAContextThatHasEndedReturnsAtOnce(t *testing.T) {
	t.Parallel()
	lines := conduct(t, 1, func(d *diary) {
		d.conductor.Go("actor", func(a *conductor.Actor) {
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			d.write("%v", a.Sleep(ctx, time.Hour))
		})
	})
	require.Equal(t, []string{"0s context canceled"}, lines)
}

func TestCancelWakesASleeperAtThatInstant(t *testing.T) {
	t.Parallel()
	lines := conduct(t, 1, func(d *diary) {
		ctx, cancel := context.WithCancel(context.Background())
		d.conductor.Go("sleeper", func(a *conductor.Actor) { d.write("%v", a.Sleep(ctx, time.Hour)) })
		d.conductor.Go("waker", func(a *conductor.Actor) {
			_ = a.Sleep(context.Background(), time.Minute)
			cancel()
		})
	})
	require.Equal(t, []string{"1m0s context canceled"}, lines)
}

func TestAnswerBeforeTheAwaitIsNotMissed(t *testing.T) {
	t.Parallel()
	lines := conduct(t, 1, func(d *diary) {
		d.conductor.Go("client", func(a *conductor.Actor) {
			var call conductor.Call
			a.Begin(&call)
			call.Answer()
			answered, err := a.Await(context.Background(), &call, time.Second)
			d.write("answered=%v err=%v", answered, err)
		})
	})
	require.Equal(t, []string{"0s answered=true err=<nil>"}, lines)
}

func TestManySeamsOfOneActorAreDrawnEach(t *testing.T) {
	t.Parallel()
	orders := map[string]bool{}
	for seed := range uint64(20) {
		order := ""
		conduct(t, seed, func(d *diary) {
			d.conductor.Go("client", func(a *conductor.Actor) {
				var call conductor.Call
				a.Begin(&call)
				go func() {
					defer call.Answer()
					var all sync.WaitGroup
					for _, place := range []string{"a", "b", "c"} {
						all.Go(func() {
							_, _ = a.Seam(place, 0)
							order += place
						})
					}
					all.Wait()
				}()
				_, _ = a.Await(context.Background(), &call, 0)
			})
		})
		require.Len(t, order, 3)
		orders[order] = true
	}
	require.Greater(t, len(orders), 1, "the seed decides")
}

func TestTogetherReleasesAllThatAreReady(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(*testing.T) {
		c := conductor.New(conductor.Config{Clock: conductor.Virtual(), Hold: conductor.RandomHold(1), Together: true})
		var mu sync.Mutex
		within, most := 0, 0
		for range 5 {
			c.Go("actor", func(a *conductor.Actor) {
				_ = a.Sleep(context.Background(), time.Minute)
				mu.Lock()
				within++
				most = max(most, within)
				mu.Unlock()
				time.Sleep(time.Millisecond)
				mu.Lock()
				within--
				mu.Unlock()
			})
		}
		c.Run(time.Hour)
		require.Equal(t, 5, most)
	})
}

// Two who begin together do not stay in step: one's first call of the host is
// released with the other's second.
func TestTogetherDoesNotKeepActorsInStep(t *testing.T) {
	t.Parallel()
	met := map[[2]int]bool{}
	for seed := range uint64(50) {
		synctest.Test(t, func(*testing.T) {
			release := 0
			c := conductor.New(conductor.Config{
				Clock: conductor.Virtual(), Hold: conductor.RandomHold(seed), Together: true, BetweenSteps: func() { release++ },
			})
			var calls [2]map[int]int // which call each made at which release
			for i := range calls {
				calls[i] = make(map[int]int)
				c.Go([]string{"a", "b"}[i], func(a *conductor.Actor) {
					for call := range 3 {
						_ = a.BeginHostCode("call")
						calls[i][release] = call
					}
				})
			}
			c.Run(time.Hour)
			for at, call := range calls[0] {
				if other, both := calls[1][at]; both {
					met[[2]int{call, other}] = true
				}
			}
		})
	}
	require.Len(t, met, 9, "each call with each: %v", met)
}

func TestHaltFromOutsideEndsAPacedRun(t *testing.T) {
	t.Parallel()
	c := conductor.New(conductor.Config{Clock: conductor.Paced(1)})
	c.Go("sleeper", func(a *conductor.Actor) { _ = a.Sleep(context.Background(), time.Hour) })
	time.AfterFunc(10*time.Millisecond, c.Halt)
	c.Run(time.Hour)
	require.Less(t, c.Now(), time.Minute)
}

func TestDismissOfAPacedRunWaitsForItsActors(t *testing.T) {
	t.Parallel()
	c := conductor.New(conductor.Config{Clock: conductor.Paced(1000)})
	var ended [10]bool // without a lock: Dismiss must order the actors' ends before its own
	for i := range ended {
		c.Go("sleeper", func(a *conductor.Actor) {
			_ = a.Sleep(context.Background(), time.Hour)
			for range 1000 {
				runtime.Gosched() // there is much to do at the end of this life
			}
			ended[i] = true
		})
	}
	time.AfterFunc(10*time.Millisecond, c.Halt)
	c.Run(time.Hour)
	c.Dismiss()
	require.NotContains(t, ended, false)
}
