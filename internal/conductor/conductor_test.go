package conductor_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/internal/conductor"
)

// diary is what a run of actors writes down; only one of them runs at a time.
type diary struct {
	conductor *conductor.Conductor
	lines     []string
}

func (d *diary) write(format string, args ...any) {
	d.lines = append(d.lines, d.conductor.Now().String()+" "+fmt.Sprintf(format, args...))
}

// conduct runs what prepare starts for an hour of simulated time.
func conduct(t *testing.T, seed uint64, prepare func(*diary)) []string {
	t.Helper()
	var lines []string
	synctest.Test(t, func(*testing.T) {
		c := conductor.New(conductor.Config{Clock: conductor.Virtual(), Hold: conductor.RandomHold(seed)})
		d := &diary{conductor: c}
		prepare(d)
		c.Run(time.Hour)
		c.Dismiss()
		lines = d.lines
	})
	return lines
}

func TestActorsRunInTheOrderOfTheirDueTimes(t *testing.T) {
	t.Parallel()
	lines := conduct(t, 1, func(d *diary) {
		for _, minutes := range []int{3, 1, 2} {
			d.conductor.Go(fmt.Sprint("actor/", minutes), func(a *conductor.Actor) {
				_ = a.Sleep(context.Background(), time.Duration(minutes)*time.Minute)
				d.write("%s", a.ID)
			})
		}
	})
	require.Equal(t, []string{"1m0s actor/1", "2m0s actor/2", "3m0s actor/3"}, lines)
}

// crowd starts ten actors that share every instant and call the host.
func crowd(d *diary) {
	for i := range 10 {
		d.conductor.Go(fmt.Sprint("actor/", i), func(a *conductor.Actor) {
			for range 3 {
				if a.BeginHostCode("call") != nil {
					return
				}
				_, _ = a.Seam("store", 0)
				d.write("%s", a.ID)
				_ = a.Sleep(context.Background(), time.Minute)
			}
		})
	}
}

func TestTheSameDrawsGiveTheSameOrder(t *testing.T) {
	t.Parallel()
	first := conduct(t, 7, crowd)
	require.Len(t, first, 30)
	for range 20 {
		require.Equal(t, first, conduct(t, 7, crowd))
	}
	require.NotEqual(t, first, conduct(t, 8, crowd))
}

func TestHostCodeNeverBeginsTwiceAtOneInstant(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, line := range conduct(t, 3, crowd) {
		at, _, _ := strings.Cut(line, " ")
		require.False(t, seen[at], "two stretches of host code at %s", at)
		seen[at] = true
	}
}

func TestAnswersWakeTheWaitingActorAtTheInstantOfTheAnswer(t *testing.T) {
	t.Parallel()
	lines := conduct(t, 1, func(d *diary) {
		d.conductor.Go("client", func(a *conductor.Actor) {
			var call conductor.Call
			a.Begin(&call)
			go func() {
				time.Sleep(70 * time.Millisecond)
				call.Answer()
			}()
			answered, err := a.Await(context.Background(), &call, time.Second)
			d.write("answered=%v err=%v", answered, err)
		})
	})
	require.Equal(t, []string{"70ms answered=true err=<nil>"}, lines)
}

func TestPatienceEndsBeforeALateAnswer(t *testing.T) {
	t.Parallel()
	lines := conduct(t, 1, func(d *diary) {
		d.conductor.Go("client", func(a *conductor.Actor) {
			var call conductor.Call
			a.Begin(&call)
			go func() {
				time.Sleep(time.Minute)
				call.Answer()
			}()
			answered, err := a.Await(context.Background(), &call, time.Second)
			d.write("answered=%v err=%v", answered, err)
			_ = a.Sleep(context.Background(), 2*time.Minute)
			d.write("slept on, undisturbed by the late answer")
		})
	})
	require.Equal(t, []string{
		"1s answered=false err=<nil>",
		"2m1s slept on, undisturbed by the late answer",
	}, lines)
}

func TestSleepEndsWithItsContext(t *testing.T) {
	t.Parallel()
	lines := conduct(t, 1, func(d *diary) {
		d.conductor.Go("actor", func(a *conductor.Actor) {
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			d.write("%v", a.Sleep(ctx, time.Minute))
			_ = a.Sleep(context.Background(), time.Minute)
			d.write("next sleep is whole")
		})
	})
	require.Equal(t, []string{"1s context deadline exceeded", "1m1s next sleep is whole"}, lines)
}

func TestDismissTellsEveryoneThatTheRunIsOver(t *testing.T) {
	t.Parallel()
	lines := conduct(t, 1, func(d *diary) {
		d.conductor.Go("sleeper", func(a *conductor.Actor) {
			d.write("%v", a.Sleep(context.Background(), 2*time.Hour))
		})
		d.conductor.Go("stubborn", func(a *conductor.Actor) {
			for {
				_ = a.Sleep(context.Background(), 2*time.Hour) // ignores that the run is over
			}
		})
	})
	require.Equal(t, []string{"1h0m0s simcity: the run is over"}, lines)
}

func TestAPanicIsReportedWithTheActorsName(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(*testing.T) {
		var name string
		c := conductor.New(conductor.Config{
			Clock:    conductor.Virtual(),
			Panicked: func(actor string, value any, _ []byte) { name = fmt.Sprint(actor, ": ", value) },
		})
		c.Go("customer/7", func(*conductor.Actor) { panic("boom") })
		c.Run(time.Hour)
		require.Equal(t, "customer/7: boom", name)
	})
}

func TestSteppedTimeSettlesWhenTheLastActorParks(t *testing.T) {
	t.Parallel()
	c := conductor.New(conductor.Config{Clock: conductor.Stepped(time.Minute), Hold: conductor.RandomHold(1)})
	var ends []time.Duration
	c.Go("actor", func(a *conductor.Actor) {
		for range 3 {
			_ = a.Sleep(context.Background(), time.Hour)
			ends = append(ends, a.Now())
		}
	})
	c.Run(10 * time.Hour)
	require.Equal(t, []time.Duration{time.Hour, 2 * time.Hour, 3 * time.Hour}, ends)
}

func TestSteppedTimePassesOverWhoeverStaysBlocked(t *testing.T) {
	t.Parallel()
	c := conductor.New(conductor.Config{Clock: conductor.Stepped(time.Millisecond), Hold: conductor.RandomHold(1)})
	forever := make(chan struct{})
	defer close(forever)
	c.Go("blocked", func(*conductor.Actor) { <-forever })
	reached := time.Duration(0)
	c.Go("actor", func(a *conductor.Actor) {
		_ = a.Sleep(context.Background(), time.Hour)
		reached = a.Now()
	})
	c.Run(2 * time.Hour)
	require.Equal(t, time.Hour, reached)
	require.Equal(t, []string{"blocked in start"}, c.Underway())
}

func TestPacedTimeIsCompressedWallTime(t *testing.T) {
	t.Parallel()
	c := conductor.New(conductor.Config{Clock: conductor.Paced(100_000)})
	var woke time.Duration
	c.Go("actor", func(a *conductor.Actor) {
		_ = a.Sleep(context.Background(), time.Minute)
		woke = a.Now()
	})
	c.Run(time.Hour)
	require.GreaterOrEqual(t, woke, time.Minute)
}
