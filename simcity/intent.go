package simcity

import "time"

// An intent is when somebody meant to act. Under an open model latency counts
// from there, because whoever is kept waiting by a slow target acts late, and
// would leave out of the figures just the time that others had to wait as well:
// coordinated omission, as Gil Tene has named it. Without an intent, as after each
// act, the next one is meant for when it happens.
type intent struct {
	meant bool
	due   time.Duration // simulated
	woke  time.Duration // when its last pause was over
}

// pause notes a pause until a simulated time. One in the past is no pause: then
// only the time counts since the last real one, for before that it was not kept
// waiting but slept.
func (i *intent) pause(until, now time.Duration) {
	if until > now {
		i.woke = until
	}
	i.meant, i.due = true, max(until, i.woke)
}

// late is how much later than it was meant to an act begins now.
func (i *intent) late(now time.Duration) time.Duration {
	if !i.meant {
		return 0
	}
	return max(now-i.due, 0)
}

// lateness is how late an operation begins that begins now, on the host's clock.
// A stepped clock's simulated time has nothing to do with the host's.
func (r *run) lateness(i *intent, now time.Duration) time.Duration {
	switch {
	case r.scenario.ClosedLoop || r.clock.inner.Name() == "stepped":
		return 0
	case r.paced():
		return time.Duration(float64(i.late(now)) / r.clock.inner.Factor())
	}
	return i.late(now)
}
