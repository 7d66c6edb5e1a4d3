package conductor

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// A signal may come after the loop has stopped listening for it. It stays in the
// channel and must not cut short the nanosecond that parts two stretches of host
// code, or the order of their timers would be left to chance.
func TestLateSignalDoesNotMakeTwoStretchesOfHostCodeShareAnInstant(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(*testing.T) {
		c := New(Config{Clock: Virtual()})
		var began []time.Duration
		for range 2 {
			c.Go("actor", func(a *Actor) {
				_ = a.BeginHostCode("call")
				began = append(began, a.Now())
			})
		}
		c.signal()
		c.Run(time.Hour)
		require.Equal(t, []time.Duration{0, 1}, began)
	})
}
