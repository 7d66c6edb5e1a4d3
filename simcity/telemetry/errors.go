package telemetry

import (
	"context"
	"errors"
	"fmt"
)

// ErrNoRun is the error of a run that the store does not know.
var ErrNoRun = errors.New("telemetry: no such run")

// NoRun is ErrNoRun with the run's ID.
func NoRun(id string) error { return fmt.Errorf("%w: %.64q", ErrNoRun, id) }

// An OptionError is a mistake in what the caller set.
type OptionError struct {
	Field string
	Fix   string
}

func (e *OptionError) Error() string { return "telemetry: " + e.Field + ": " + e.Fix }

// A SchemaError says that a store's schema does not fit this version of SimCity.
type SchemaError struct {
	Store      string // the store, without secrets
	Have, Want int
	// Missing is a table that is not there, although the version says so.
	Missing string
}

func (e *SchemaError) Error() string {
	fix := "call Migrate, or run go run github.com/bookiji/simcity/simcity/cmd/simcity migrate"
	if e.Have > e.Want {
		fix = "it was written by a newer SimCity: update this one, or give another place"
	}
	if e.Missing != "" {
		return fmt.Sprintf("telemetry: %s has no table %s: %s", e.Store, e.Missing, fix)
	}
	return fmt.Sprintf("telemetry: %s has version %d of the schema, and this SimCity needs %d: %s", e.Store, e.Have, e.Want, fix)
}

// An IncompleteError says what of a run's history a store did not get.
type IncompleteError struct {
	RunID string
	// From and To are the first and the last event that are missing in the store;
	// From is above To if only the end of the run is missing.
	From, To int64
	// Spill is the file that holds them, for ReplaySpill, or empty.
	Spill string
	// Lost counts the events that are nowhere, since neither store nor file took
	// them.
	Lost int64
	// Err is why.
	Err error
}

func (e *IncompleteError) Error() string {
	text := fmt.Sprintf("telemetry: run %s: events %d to %d are not in the store", e.RunID, e.From, e.To)
	if e.From > e.To {
		text = fmt.Sprintf("telemetry: run %s: all events are in the store, its end is not", e.RunID)
	}
	if e.Spill != "" {
		text += fmt.Sprintf("; deliver them with replay-spill %s", e.Spill)
	}
	if e.Lost > 0 {
		text += fmt.Sprintf("; %d of them are lost", e.Lost)
	}
	return fmt.Sprintf("%s: %v", text, e.Err)
}

func (e *IncompleteError) Unwrap() error { return e.Err }

// Transient tells whether an error may pass by itself, so that the same call is
// worth another try: one that says so by a method Transient() bool, and the end
// of the time that one call was given. All others last.
func Transient(err error) bool {
	var says interface{ Transient() bool }
	if errors.As(err, &says) {
		return says.Transient()
	}
	return errors.Is(err, context.DeadlineExceeded)
}

// MarkTransient makes err one that may pass. Nil stays nil.
func MarkTransient(err error) error {
	if err == nil {
		return nil
	}
	return transientError{err}
}

type transientError struct{ error }

func (transientError) Transient() bool { return true }

func (e transientError) Unwrap() error { return e.error }
