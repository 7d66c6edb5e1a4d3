package simcity

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"runtime"
	"strconv"
	"time"

	"github.com/bookiji/simcity/internal/conductor"
)

// ErrOver is what Sleep and Do return when the run is over, or when the
// citizen's step limit is reached. A life should return it.
var ErrOver = conductor.ErrHalted

// refusalsMax is how often a life may go on after it was told that it is over.
const refusalsMax = 1000

// actor is what a citizen or a gate needs of the conductor.
type actor = *conductor.Actor

// A Citizen is one synthetic user. Its methods are for the goroutine that lives
// its life.
type Citizen struct {
	run        *run
	population *populationState
	actor      actor
	number     int
	id         string
	device     int // 0 for the citizen itself: see Together
	persona    string
	random     *rand.Rand
	client     *http.Client
	operation  *Operation // under way
	last       *Operation // that came to its end
	intent     intent     // of its next operation
	badge      badge      // at a target elsewhere
	entering   bool       // it is logging in
	steps      int
	left       bool // its goroutine has ended; guarded by the census
	refused    int
	leaving    bool // cleaning up: the step limit is for the life
	atEnd      []func(context.Context) error
}

// ID is the citizen's stable name, such as customer/7. In a URL's path its slash needs
// url.PathEscape.
func (c *Citizen) ID() string { return c.id }

// Number counts the citizens of the population from 1.
func (c *Citizen) Number() int { return c.number }

// Population is the name of the citizen's population.
func (c *Citizen) Population() string { return c.population.Name }

// Email is in the synthetic namespace: synthetic+customer-7@example.com.
func (c *Citizen) Email() string {
	return "synthetic+" + c.population.Name + "-" + strconv.Itoa(c.number) + "@example.com"
}

// Persona is the name drawn from the population's personas, or empty.
func (c *Citizen) Persona() string { return c.persona }

// Rand is the citizen's own stream of random numbers.
func (c *Citizen) Rand() *rand.Rand { return c.random }

// World is the run that the citizen lives in.
func (c *Citizen) World() *World { return c.run.world }

// Policies are those in force now.
func (c *Citizen) Policies() Policies { return c.run.inForce.ask() }

// Tick is the simulated length of a tick.
func (c *Citizen) Tick() time.Duration { return c.run.inForce.tick() }

// Now is the simulated date. Under a Virtual clock it is the host's time.Now.
func (c *Citizen) Now() time.Time { return c.run.date(c.Elapsed()) }

// Elapsed is the simulated time since the run began.
func (c *Citizen) Elapsed() time.Duration { return c.run.elapsed() }

// Sleep lets simulated time pass. It returns [ErrOver] when the run is over and
// ctx's error when ctx ends; a life should return either.
func (c *Citizen) Sleep(ctx context.Context, d time.Duration) error {
	now := c.Elapsed()
	until := now + max(d, 0)
	if d > 0 {
		until = c.snapped(until)
	}
	c.intent.pause(until, now)
	return c.actor.SleepUntil(ctx, until)
}

// SleepUntil waits for a simulated date. A life that keeps to a timetable by it,
// however long the target takes, has latencies as all users see them: an operation
// that comes late because the one before was slow counts from its date. See
// [Operation.Latency].
func (c *Citizen) SleepUntil(ctx context.Context, date time.Time) error {
	until := c.snapped(date.Sub(c.run.began))
	c.intent.pause(until, c.Elapsed())
	return c.actor.SleepUntil(ctx, until)
}

// Client sends requests to the target as this citizen.
func (c *Citizen) Client() *http.Client {
	if c.client == nil {
		c.client = c.run.clientFor(c)
	}
	return c.client
}

// Send sends one request to the target as this citizen and returns its answer,
// a redirect or an error status included. It is what [Citizen.Client] is made
// of, without redirects and cookies, and costs a tenth of the engine's time less.
func (c *Citizen) Send(request *http.Request) (*http.Response, error) {
	return c.Client().Transport.RoundTrip(request)
}

// BaseURL is the scheme and host of the target, without a slash at the end.
func (c *Citizen) BaseURL() string { return c.run.target.baseURL() }

// AtEnd registers a clean-up for the end of the citizen's life or of the run,
// latest first. Its ctx still lets requests through.
func (c *Citizen) AtEnd(cleanUp func(context.Context) error) {
	if cleanUp == nil {
		panic(&FieldError{Field: "cleanUp of Citizen.AtEnd", Value: "nil", Allowed: "a function", Fix: "give the function that cleans up, or leave AtEnd out"})
	}
	c.atEnd = append(c.atEnd, cleanUp)
}

// Do records one operation: call makes the requests through [Citizen.Client] and
// adds what the citizen learned. Status, outcome and latency come from the
// responses; call may overwrite op.Outcome. The operation need not be HTTP: any
// call to the host counts, and then op.Output, or what it Learns, tells that it was
// made. A population all of whose operations neither asked nor told anything has
// checked nothing, and the run is INCONCLUSIVE. If call returns an error it is
// recorded, and the outcome is Failed unless an answer was worse than OK and came
// whole: a 409 that call makes an error of stays a Conflict.
//
// Do returns call's error, or one that is [ErrOver] when the run is over or the
// citizen has used up its population's StepLimit. Operations of one citizen do
// not nest; several at once take devices: [Citizen.Together].
func (c *Citizen) Do(ctx context.Context, name string, input any, call func(ctx context.Context, op *Operation) error) error {
	if call == nil {
		panic(&FieldError{Field: "call of Citizen.Do " + strconv.Quote(name), Value: "nil", Allowed: "a function", Fix: "give the function that makes the requests"})
	}
	if c.operation != nil {
		panic(fmt.Sprintf("simcity: %s began operation %q inside operation %q", c.id, name, c.operation.Name))
	}
	if c.actor.Over() {
		c.refuse()
		return ErrOver
	}
	if c.steps >= c.population.StepLimit && !c.leaving {
		c.refuse()
		return fmt.Errorf("%w for %s: StepLimit of %d operations", ErrOver, c.id, c.population.StepLimit)
	}
	c.steps++
	op := &Operation{Citizen: c.id, Device: c.device, Population: c.population.Name, Name: name, Input: input}
	if way := c.run.remote; way != nil {
		op.Input = way.scrubbed(input, c)
	}
	began, lost := &ongoing{}, true
	op.Start = c.run.underway.begin(began, c.Elapsed)
	defer func() {
		c.operation = nil
		c.run.underway.end(began, lost)
	}()
	late := c.run.lateness(&c.intent, op.Start)
	hostBegan := c.run.hostNow()
	c.operation = op
	err := call(ctx, op)
	op.End = c.Elapsed()
	op.Latency = late + c.run.hostNow().Sub(hostBegan)
	c.intent.meant = false
	c.run.lag.learn(op.End - op.Start)
	if errors.Is(err, ErrOver) { // cut short, or ended without an outcome by its function
		lost = c.actor.Over()
		return err
	}
	if op.cut { // by the end of the run, though its function does not say so: nobody knows its outcome
		return ErrOver
	}
	if err != nil {
		if !op.classified || op.Outcome == OK || op.brokeOff {
			op.Outcome = Failed
		}
		op.Err = c.run.remote.scrub(err.Error(), c)
	}
	c.run.judge.see(op, c.population)
	c.last, lost = op, false
	return err
}

// refuse ends a life that does not listen.
func (c *Citizen) refuse() {
	if c.refused++; c.refused > refusalsMax {
		runtime.Goexit()
	}
}
