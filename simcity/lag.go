package simcity

import (
	"strconv"
	"sync"
	"time"
)

// A lag is how much later than others, who share an instant, some citizens wake. Nil
// is none.
type lag struct {
	most  time.Duration // it is less
	mu    sync.Mutex
	left  int                   // how many lengths are to come twice until one is taken
	times map[time.Duration]int // how often answers took as long; bounded
	taken time.Duration
}

// lengthsMax bounds what is kept of an app whose answers all take another time.
const lengthsMax = 1000

func newLag(e Explore) *lag {
	if e.Lag == 0 && e.LagOf == 0 {
		return nil
	}
	return &lag{most: e.Snap, taken: e.Lag, left: e.LagOf, times: make(map[time.Duration]int)}
}

// length is the lag as far as it is known, else 0.
func (l *lag) length() time.Duration {
	if l == nil {
		return 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.taken
}

// learn sees how long an operation took. Turns cost nanoseconds, which the app's own
// delays do not have.
func (l *lag) learn(took time.Duration) {
	if l == nil {
		return
	}
	took = took.Truncate(time.Microsecond)
	l.mu.Lock()
	defer l.mu.Unlock()
	if took == 0 || took >= l.most || l.left == 0 || len(l.times) == lengthsMax {
		return
	}
	if l.times[took]++; l.times[took] == 2 {
		if l.left--; l.left == 0 {
			l.taken = took
		}
	}
}

// snapped is when a sleep of the citizen until due ends. Whether it lags depends on
// nobody else, so that it stays when others are left out.
func (c *Citizen) snapped(due time.Duration) time.Duration {
	until := c.run.explore.snapped(due)
	length := c.run.lag.length()
	if length == 0 {
		return until
	}
	coin := stream(c.run.seed, "lag "+c.id+" "+strconv.FormatInt(int64(until), 10))
	return until + length*time.Duration(coin.IntN(2))
}
