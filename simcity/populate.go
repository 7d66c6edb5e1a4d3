package simcity

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strconv"
)

func itoa(n int) string    { return strconv.Itoa(n) }
func utoa(n uint64) string { return strconv.FormatUint(n, 10) }

// populate opens a gate for each population.
func (r *run) populate() {
	for _, p := range r.scenario.Populations {
		p := &populationState{Population: p}
		p.Personas = slices.Clone(p.Personas)
		for i := range p.Personas {
			if p.Personas[i].Weight == 0 {
				p.Personas[i].Weight = 1
			}
			p.weights += p.Personas[i].Weight
		}
		p.gate = &Gate{run: r, population: p, random: stream(r.seed, "gate/"+p.Name)}
		r.populations = append(r.populations, p)
		r.conductor.Go("gate/"+p.Name, func(a actor) {
			p.gate.actor = a
			err := p.Arrivals.Arrive(r.withActor(r.ctx, a), p.gate)
			if err != nil && !r.over(err) {
				r.find(Finding{Kind: FindingArrivals, Actor: a.ID, Text: err.Error()})
			}
		})
	}
}

// over tells whether err only says that the run has ended.
func (r *run) over(err error) bool {
	return errors.Is(err, ErrOver) || errors.Is(err, context.Canceled) && r.ctx.Err() != nil
}

func (r *run) full(p *populationState) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.fullFor(p)
}

// fullFor tells whether the city has no place for one more of p, or the target
// none for anybody. The caller holds mu.
func (r *run) fullFor(p *populationState) bool {
	if !p.Resident && r.living >= r.inForce.now().MaxConcurrentAgents {
		return true
	}
	most := r.remote.allowed().Citizens
	if most == 0 {
		return false
	}
	all := 0
	for _, p := range r.populations {
		all += p.living
	}
	return all >= most
}

// spawn lets one citizen of p arrive now, who was due as intent tells.
func (r *run) spawn(p *populationState, due intent) bool {
	r.mu.Lock()
	if r.fullFor(p) {
		p.dropped++
		r.mu.Unlock()
		return false
	}
	p.born++
	if !r.cut.hasCitizen(p.Name, p.born) {
		r.mu.Unlock()
		return true // somebody else's life, which is not lived here
	}
	p.living++
	if !p.Resident {
		r.living++
	}
	r.counts.born++
	number := p.born
	r.mu.Unlock()
	r.conductor.Go(p.Name+"/"+itoa(number), func(a actor) { r.life(p, number, a, due) })
	return true
}

// life is a citizen from birth to end.
func (r *run) life(p *populationState, number int, a actor, due intent) {
	c := &Citizen{run: r, population: p, actor: a, number: number, id: a.ID, random: stream(r.seed, a.ID), intent: due}
	c.persona = p.drawPersona(c)
	r.mu.Lock()
	r.alive[c] = struct{}{}
	r.mu.Unlock()
	r.event(c.id, EventCitizenBorn, func(b []byte) []byte {
		return append(appendString(append(b, `{"persona":`...), c.persona), '}')
	})
	defer r.leave(c)
	err := errLifeEnded
	defer func() { r.endOfLife(p, c, err) }()
	ctx := r.withActor(r.ctx, a)
	defer hangUp(ctx)
	if err = r.letIn(ctx, c); err == nil {
		err = p.Agent.Live(ctx, c)
	}
	if err != nil && !r.over(err) {
		r.event(c.id, EventNote, func(b []byte) []byte {
			return append(appendString(append(b, `{"text":`...), "life ended: "+r.remote.scrub(err.Error(), c)), '}')
		})
	}
	if r.ctx.Err() == nil {
		c.cleanUp(ctx)
	}
}

// letIn lets a citizen log in where that is asked for. What that takes is not
// its first operation's.
func (r *run) letIn(ctx context.Context, c *Citizen) error {
	l := r.remote
	if l == nil || l.target.secret == "" {
		return nil
	}
	err := l.login(ctx, c)
	c.intent.meant = false
	return err
}

// errLifeEnded stands for the error of a life that never returned.
var errLifeEnded = errors.New("its life ended its goroutine, as t.FailNow and require do: return an error instead")

// endOfLife counts how lives ended.
func (r *run) endOfLife(p *populationState, c *Citizen, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p.ended++
	switch {
	case c.steps >= p.StepLimit:
		p.limited++
	case err != nil && !r.over(err):
		p.broken++
		p.lastErr = c.id + ": " + r.remote.scrub(err.Error(), c)
	}
}

// leave takes the citizen out of the city, even if its life panicked.
func (r *run) leave(c *Citizen) {
	r.event(c.id, EventCitizenEnded, func(b []byte) []byte {
		return append(appendInt(append(b, `{"operations":`...), int64(c.steps)), '}')
	})
	r.mu.Lock()
	defer r.mu.Unlock()
	c.left = true
	c.population.living--
	if !c.population.Resident {
		r.living--
	}
	if len(c.atEnd) == 0 {
		delete(r.alive, c)
	}
}

// cleanUp runs what the citizen registered with AtEnd, latest first.
func (c *Citizen) cleanUp(ctx context.Context) {
	c.leaving = true
	for len(c.atEnd) > 0 {
		last := len(c.atEnd) - 1
		f := c.atEnd[last]
		c.atEnd = c.atEnd[:last]
		if err := f(ctx); err != nil && !errors.Is(err, ErrOver) {
			c.run.world.Note("clean-up of %s: %v", c.id, err)
		}
	}
}

func (p *populationState) drawPersona(c *Citizen) string {
	if len(p.Personas) == 0 {
		return ""
	}
	x := c.random.Float64() * p.weights
	for _, persona := range p.Personas {
		if x -= persona.Weight; x < 0 {
			return persona.Name
		}
	}
	return p.Personas[len(p.Personas)-1].Name
}

// addressOf is in 10.0.0.0/8, one per actor, so that a host which limits by
// address sees as many clients as there are.
func addressOf(a actor) string {
	var sum uint32 = 2166136261
	for _, b := range []byte(a.ID) { // FNV-1a
		sum = (sum ^ uint32(b)) * 16777619
	}
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(sum >> 16), byte(sum >> 8), byte(sum)}), 40000).String()
}

// stillHere lists citizens with clean-ups left, in the order of their ids.
func (r *run) stillHere() []*Citizen {
	r.mu.Lock()
	defer r.mu.Unlock()
	citizens := make([]*Citizen, 0, len(r.alive))
	for c := range r.alive {
		if c.left { // one that never came back still owns itself
			citizens = append(citizens, c)
		}
	}
	slices.SortFunc(citizens, func(a, b *Citizen) int {
		if a.population != b.population {
			return slices.Index(r.populations, a.population) - slices.Index(r.populations, b.population)
		}
		return a.number - b.number
	})
	return citizens
}
