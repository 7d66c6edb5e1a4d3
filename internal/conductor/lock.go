package conductor

// Background is the actor of host code that works for nobody: its tickers and
// workers. It has no life, only seams at the locks that it takes.
const Background = "background"

// watchLocks makes locks of host code seams from now on, in all of the bubble.
func (c *Conductor) watchLocks() {
	if c.config.Locks == nil {
		return
	}
	a := &Actor{ID: Background, Key: keyOf(Background), conductor: c, number: c.numbers}
	c.numbers++
	a.mark = c.config.Locks.Mark(Background, a.lockSeam)
	c.config.Locks.MarkBubble(a.mark)
	c.mark = c.config.Locks.Mark("conductor", nil)
}

// lockSeam parks a goroutine that works for the actor before it takes a lock.
// When nobody conducts it goes on: the host is being built or closed, or the run
// is over.
func (a *Actor) lockSeam(place string) {
	if !a.conductor.conducting.Load() {
		return
	}
	contended, err := a.Seam(place, 0)
	if err == nil && a.conductor.config.Passed != nil {
		a.conductor.config.Passed(a, place, contended)
	}
}
