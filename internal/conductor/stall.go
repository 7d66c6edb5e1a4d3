package conductor

import "time"

// This many picks may happen within a millisecond of simulated time: some at any rate,
// and some more for each actor, who may all have come at once.
const (
	stallSteps     = 500_000
	stallStepsEach = 1000
)

// standsStill counts picks within a millisecond and ends a run of too many.
func (c *Conductor) standsStill(actor string) bool {
	now := c.keeper.now()
	if now-c.movedAt > time.Millisecond {
		c.movedAt, c.movedSteps = now, c.Steps()
	}
	steps := c.Steps() - c.movedSteps
	if c.clock.name == "paced" || steps < stallSteps || steps < stallSteps+stallStepsEach*c.actors() {
		return false
	}
	c.movedSteps = c.Steps()
	if c.config.Stalled != nil {
		c.config.Stalled(actor)
	}
	c.halted.Store(true)
	return true
}

// actors counts those alive.
func (c *Conductor) actors() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return uint64(len(c.live))
}
