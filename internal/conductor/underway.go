package conductor

import (
	"fmt"
	"slices"
)

// Underway names the actors that run or have host code running for them, with
// what they asked for and the seam at which it is parked. It is what a watchdog
// tells when nothing moves any more. Safe for concurrent use.
func (c *Conductor) Underway() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var actors []*Actor
	for a := range c.live {
		if a.calls > 0 || a.main.slot == slotNone {
			actors = append(actors, a)
		}
	}
	slices.SortFunc(actors, func(a, b *Actor) int { return a.main.before(b.main) })
	var lines []string
	for _, a := range actors {
		line := fmt.Sprintf("%s in %s", a.ID, a.doing)
		if a.seam != "" {
			line += ", parked at seam " + a.seam
		}
		lines = append(lines, line)
	}
	return lines
}

// Staying names the actors from before the last Dismiss that are still alive: they
// wait for something that is none of the conductor's business. Safe for
// concurrent use.
func (c *Conductor) Staying() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var lines []string
	for a := range c.live {
		if a.epoch != c.epoch {
			lines = append(lines, a.ID+" in "+a.doing)
		}
	}
	slices.Sort(lines)
	return lines
}

// InHost names the actors for whom host code still runs, even if they have
// ended themselves. Safe for concurrent use.
func (c *Conductor) InHost() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	lines := make([]string, 0, len(c.inHost))
	for a := range c.inHost {
		lines = append(lines, a.ID+" in "+a.doing)
	}
	slices.Sort(lines)
	return lines
}
