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
		r.census.add(p)
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

// room is what policies and the target's limits leave.
func (r *run) room() room {
	return room{city: r.inForce.now().MaxConcurrentAgents, target: r.remote.allowed().Citizens}
}

// spawn lets one citizen of p arrive now, who was due as intent tells.
func (r *run) spawn(p *populationState, due intent) bool {
	number, admitted := r.census.admit(p, r.room(), r.cut)
	if number > 0 {
		r.conductor.Go(p.Name+"/"+itoa(number), func(a actor) { r.life(p, number, a, due) })
	}
	return admitted
}

// life is a citizen from birth to end.
func (r *run) life(p *populationState, number int, a actor, due intent) {
	c := &Citizen{run: r, population: p, actor: a, number: number, id: a.ID, random: stream(r.seed, a.ID), intent: due}
	c.persona = p.drawPersona(c)
	r.census.enter(c)
	r.event(c.id, EventCitizenBorn, func(b []byte) []byte {
		return append(appendString(append(b, `{"persona":`...), c.persona), '}')
	})
	defer r.leave(c)
	err := errLifeEnded
	defer func() { r.census.ended(c, r.broken(c, err)) }()
	ctx := r.withActor(r.ctx, a)
	defer hangUp(ctx)
	if err = r.letIn(ctx, c); err == nil {
		err = p.Agent.Live(ctx, c)
	}
	if broken := r.broken(c, err); broken != "" {
		r.event(c.id, EventNote, func(b []byte) []byte {
			return append(appendString(append(b, `{"text":`...), "life ended: "+broken), '}')
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

// broken is the error of a life that ended in one, or empty.
func (r *run) broken(c *Citizen, err error) string {
	if err == nil || r.over(err) {
		return ""
	}
	return r.remote.scrub(err.Error(), c)
}

// leave takes the citizen out of the city, even if its life panicked.
func (r *run) leave(c *Citizen) {
	r.event(c.id, EventCitizenEnded, func(b []byte) []byte {
		return append(appendInt(append(b, `{"operations":`...), int64(c.steps)), '}')
	})
	r.census.leave(c)
}

// cleanUp runs what the citizen registered with AtEnd, latest first.
func (c *Citizen) cleanUp(ctx context.Context) {
	c.leaving = true
	for len(c.atEnd) > 0 {
		last := len(c.atEnd) - 1
		f := c.atEnd[last]
		c.atEnd = c.atEnd[:last]
		if err := f(ctx); err != nil && !errors.Is(err, ErrOver) {
			what := c.id + ": " + c.run.remote.scrub(err.Error(), c)
			c.run.world.Note("clean-up of %s", what)
			c.run.census.happened(&c.population.unclean, what)
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
