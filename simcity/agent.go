package simcity

import (
	"context"
	"math/rand/v2"
	"time"
)

// An Agent is a behaviour: a life written as straight-line code that blocks.
// Live returns when the life is over. An error other than the run's end is
// recorded as the citizen's end. It is called for many citizens, each on its
// own goroutine.
type Agent interface {
	Live(ctx context.Context, c *Citizen) error
}

// AgentFunc makes a function an [Agent].
type AgentFunc func(ctx context.Context, c *Citizen) error

// Live calls f.
func (f AgentFunc) Live(ctx context.Context, c *Citizen) error { return f(ctx, c) }

// Validate reports a function that is nil.
func (f AgentFunc) Validate() error {
	if f == nil {
		return &FieldError{Field: "AgentFunc", Value: "nil", Allowed: "a function", Fix: "say what its citizens do"}
	}
	return nil
}

// A Population is citizens of one kind and how they arrive.
type Population struct {
	// Name is the first part of its citizens' ids: "customer" gives customer/1.
	// Required, unique in the scenario.
	Name string
	// Agent is how they live. Required.
	Agent Agent
	// Arrivals is when they come. Required. Package agents has Poisson, Ramp,
	// Stairs, Burst, Exactly and PerTick.
	Arrivals Arrivals
	// Personas are drawn for each citizen by weight. Optional.
	Personas []Persona
	// StepLimit is how many operations one citizen may do. Default 1000.
	StepLimit int
	// Resident citizens belong to the city's stock and do not count against
	// MaxConcurrentAgents.
	Resident bool
}

// A Persona is a kind of character. What the name means is the agent's matter.
type Persona struct {
	Name string
	// Weight is relative to the other personas' weights. Default 1.
	Weight float64
}

// Arrivals is an arrival process, written like an agent: it waits and lets
// citizens arrive, until it has no more or the run is over.
type Arrivals interface {
	Arrive(ctx context.Context, g *Gate) error
}

// ArrivalsFunc makes a function [Arrivals].
type ArrivalsFunc func(ctx context.Context, g *Gate) error

// Arrive calls f.
func (f ArrivalsFunc) Arrive(ctx context.Context, g *Gate) error { return f(ctx, g) }

// A Gate is where the citizens of one population enter the city.
type Gate struct {
	run        *run
	population *populationState
	actor      actor
	random     *rand.Rand
	intent     intent // of the next arrival
}

// Elapsed is the simulated time since the run began.
func (g *Gate) Elapsed() time.Duration { return g.run.elapsed() }

// Now is the simulated date.
func (g *Gate) Now() time.Time { return g.run.date(g.Elapsed()) }

// Duration is how long the run lasts in simulated time.
func (g *Gate) Duration() time.Duration { return g.run.whole }

// Rand is the gate's own stream of random numbers.
func (g *Gate) Rand() *rand.Rand { return g.random }

// Policies are those in force now.
func (g *Gate) Policies() Policies { return g.run.inForce.ask() }

// Sleep lets simulated time pass. It returns an error when the run is over.
func (g *Gate) Sleep(ctx context.Context, d time.Duration) error {
	return g.SleepUntil(ctx, g.Elapsed()+max(d, 0))
}

// SleepUntil waits for a simulated time since the run began.
func (g *Gate) SleepUntil(ctx context.Context, at time.Duration) error {
	g.intent.pause(at, g.Elapsed())
	return g.actor.SleepUntil(ctx, at)
}

// NextTick waits for the next turn of the spawning loop.
func (g *Gate) NextTick(ctx context.Context) error {
	return g.SleepUntil(ctx, g.run.inForce.tickAfter(g.Elapsed()))
}

// Full reports whether the city holds as many citizens as policies allow.
func (g *Gate) Full() bool { return g.run.census.full(g.population, g.run.room()) }

// Spawn lets one citizen arrive now, who was due when the gate's last pause was
// to end. If the city is full the arrival is dropped
// and counted, which makes the run INCONCLUSIVE: an open arrival process that
// is not served was not tested. Processes that may skip ask [Gate.Full] first.
// Under [Scenario.ClosedLoop] it waits for a place, and is false only when the run
// is over.
func (g *Gate) Spawn() bool {
	for g.run.scenario.ClosedLoop && g.Full() {
		if g.actor.Sleep(g.run.ctx, lookAgain) != nil {
			return false
		}
	}
	return g.run.spawn(g.population, g.intent)
}

// lookAgain is how often, in simulated time, an arrival that waits looks for a
// place.
const lookAgain = time.Second
