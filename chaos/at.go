package chaos

import (
	"math/rand/v2"
	"time"

	"github.com/bookiji/simcity/simcity"
)

// At plans one fault: it begins at a simulated time and lasts for another.
func At(fault simcity.Fault, at, lasts time.Duration) simcity.Schedule {
	return once{Fault: fault, At: at, For: lasts}
}

type once simcity.Injection

// Plan implements [simcity.Schedule].
func (o once) Plan(*rand.Rand, time.Duration) []simcity.Injection {
	return []simcity.Injection{simcity.Injection(o)}
}

// Kinds implements [simcity.Schedule].
func (o once) Kinds() []string { return []string{o.Fault.Kind} }

// Validate reports what cannot work.
func (o once) Validate() error {
	switch {
	case o.Fault.Err != nil:
		return o.Fault.Err
	case o.At < 0:
		return &simcity.FieldError{Field: "chaos.At.at", Value: o.At, Allowed: "0 or more", Fix: "count from the beginning of the run"}
	case o.For <= 0:
		return &simcity.FieldError{Field: "chaos.At.lasts", Value: o.For, Allowed: "more than 0", Fix: "say how long the fault lasts"}
	}
	return nil
}

// Every plans a fault again and again.
type Every struct {
	// Fault strikes each time. Required.
	Fault simcity.Fault
	// First is when it begins for the first time. Default one Period.
	First time.Duration
	// Period is the time from one beginning to the next. Required, more than For.
	Period time.Duration
	// For is how long it lasts each time. Required.
	For time.Duration
	// Times is how often. Default as often as a whole period fits into the run, so
	// that the city can recover from the last one too. A number given is kept, and
	// the run is refused if it is too short for it.
	Times int
}

// Plan implements [simcity.Schedule].
func (e Every) Plan(_ *rand.Rand, duration time.Duration) []simcity.Injection {
	at := e.First
	if at == 0 {
		at = e.Period
	}
	times := e.Times
	if times == 0 {
		times = max(1, int((duration-at)/e.Period)) // a first one that does not fit is refused, not forgotten
	}
	planned := make([]simcity.Injection, times)
	for i := range planned {
		planned[i] = simcity.Injection{Fault: e.Fault, At: at + time.Duration(i)*e.Period, For: e.For}
	}
	return planned
}

// Kinds implements [simcity.Schedule].
func (e Every) Kinds() []string { return []string{e.Fault.Kind} }

// Limits that keep a schedule's plan readable.
const (
	timesMax  = 10_000
	periodMin = time.Second
)

// Validate reports the first field that cannot work.
func (e Every) Validate() error {
	switch {
	case e.Fault.Err != nil:
		return e.Fault.Err
	case e.First < 0:
		return &simcity.FieldError{Field: "chaos.Every.First", Value: e.First, Allowed: "0 or more", Fix: "leave it out for one Period"}
	case e.For <= 0:
		return &simcity.FieldError{Field: "chaos.Every.For", Value: e.For, Allowed: "more than 0", Fix: "say how long the fault lasts each time"}
	case e.Period <= e.For:
		return &simcity.FieldError{Field: "chaos.Every.Period", Value: e.Period, Allowed: "more than For, " + e.For.String(), Fix: "leave the city time to recover in between"}
	case e.Period < periodMin:
		return &simcity.FieldError{Field: "chaos.Every.Period", Value: e.Period, Allowed: periodMin.String() + " or more", Fix: "plan one fault that lasts longer"}
	case e.Times < 0 || e.Times > timesMax:
		return &simcity.FieldError{Field: "chaos.Every.Times", Value: e.Times, Allowed: "0 to 10000", Fix: "leave it out for as often as fits"}
	}
	return nil
}
