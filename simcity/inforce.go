package simcity

import (
	"sync"
	"sync/atomic"
	"time"
)

// inForce are the policies that hold at this moment of a run, and the spawning
// loop, whose ticks are as long as they say.
type inForce struct {
	compression float64
	asked       atomic.Bool // somebody beside the engine has looked at them

	mu       sync.Mutex
	policies Policies
	since    time.Duration // when they came into force: ticks are counted from there
}

func (f *inForce) now() Policies {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.policies
}

// ask is now, for those who act on more than the engine itself does.
func (f *inForce) ask() Policies {
	f.asked.Store(true)
	return f.now()
}

// inUse are the names of the policies that something reads, as far as that is known.
func (f *inForce) inUse() []string {
	if f.asked.Load() {
		return policyNames()
	}
	return []string{"maxConcurrentAgents", "tickSpeedMs"}
}

// change puts other policies in force at a time, unless changing them fails.
func (f *inForce) change(at time.Duration, change func(Policies) (Policies, error)) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	changed, err := change(f.policies)
	if err == nil {
		f.policies, f.since = changed, at
	}
	return err
}

// tick is the simulated length of a tick.
func (f *inForce) tick() time.Duration { return f.now().tick(f.compression) }

// tickAfter is the first turn of the spawning loop after a time.
func (f *inForce) tickAfter(at time.Duration) time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	length := f.policies.tick(f.compression)
	at = max(at, f.since)
	return f.since + ((at-f.since)/length+1)*length
}
