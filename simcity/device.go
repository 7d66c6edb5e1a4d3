package simcity

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"sync/atomic"
)

// Together lets the citizen do several things at once, each life on a device of
// its own, as a household with two phones does: the order of their requests is
// the schedule's, and they may overlap. A device is the citizen itself, with the
// same id and e-mail, but has its own client, network address and stream of
// random numbers; its operations tell its number, from 1, in
// [Operation.Device]. What the lives share they must guard: under a Paced clock
// they really run at once.
//
// It returns when all lives have returned: the error of the first device that
// has one, or [ErrOver] if the run is over. A device has no devices of its own,
// and an operation no Together within it.
func (c *Citizen) Together(ctx context.Context, lives ...func(ctx context.Context, device *Citizen) error) error {
	if c.operation != nil || c.device > 0 {
		panic(fmt.Sprintf("simcity: %s called Together inside an operation or on a device: call it in the citizen's life", c.id))
	}
	if len(lives) == 0 {
		return nil
	}
	// Not even the end of ctx lets go of a device that is still there.
	all, last := context.WithCancel(context.WithoutCancel(ctx))
	defer last()
	devices, errs := make([]*Citizen, len(lives)), make([]error, len(lives))
	var left atomic.Int64
	left.Store(int64(len(lives)))
	for i, life := range lives {
		devices[i] = c.newDevice(i + 1)
		errs[i] = errLifeEnded // unless it returns
		c.run.conductor.Go(c.id+"/"+itoa(i+1), func(a actor) {
			defer func() {
				if left.Add(-1) == 0 {
					last()
				}
			}()
			devices[i].actor, devices[i].random = a, stream(c.run.seed, a.ID)
			ctx := c.run.withActor(ctx, a)
			defer hangUp(ctx)
			errs[i] = life(ctx, devices[i])
		})
	}
	if err := c.actor.SleepUntil(all, math.MaxInt64); left.Load() > 0 {
		return err // the run is over, for the devices too
	}
	for _, d := range devices {
		c.steps += d.steps
		c.atEnd = append(c.atEnd, d.atEnd...)
	}
	return cmp.Or(errs...)
}

// newDevice is the citizen at another device, which has its own step limit, and
// is logged in as the citizen is.
func (c *Citizen) newDevice(number int) *Citizen {
	device := &Citizen{
		run: c.run, population: c.population, number: c.number, id: c.id, persona: c.persona, device: number,
		badge: c.badge,
	}
	device.Client().Jar = c.Client().Jar
	return device
}
