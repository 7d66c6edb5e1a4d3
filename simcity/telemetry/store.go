package telemetry

import (
	"context"
	"time"
)

// A Sink takes the history of runs. Its methods may be called for several runs at
// a time. All of them are idempotent, since a call whose answer was lost is made
// again. Errors that pass by themselves say so: see [Transient]. No error shows a
// password or a key.
type Sink interface {
	// BeginRun adds the row of a run that begins. One that is there already stays
	// as it is.
	BeginRun(ctx context.Context, run Run) error
	// Append adds the rows of a batch, all of them or none. An event or a snapshot
	// whose index is there already stays as it is. An unknown run is [ErrNoRun].
	// The sink must not keep the slices of the batch, but may keep the payloads.
	Append(ctx context.Context, batch Batch) error
	// EndRun fills in how a run ended. A run that has ended already stays as it
	// is. An unknown run is [ErrNoRun].
	EndRun(ctx context.Context, run Run) error
}

// A Store is a sink that can be read.
type Store interface {
	Sink
	// Runs lists those that the filter leaves in, the latest first and, within a
	// microsecond, the highest ID first.
	Runs(ctx context.Context, filter RunFilter) ([]Run, error)
	// Run returns the run, or [ErrNoRun].
	Run(ctx context.Context, id string) (Run, error)
	// Live returns the run's live row: one with the zero time as heartbeat if
	// there was none yet, and [ErrNoRun] for an unknown run.
	Live(ctx context.Context, id string) (Live, error)
	// Events lists the run's events in order, from an index on, as many as
	// [Limit] makes of limit. An unknown run is [ErrNoRun].
	Events(ctx context.Context, id string, from int64, limit int) ([]Event, error)
	// Snapshots lists the run's snapshots in the same way.
	Snapshots(ctx context.Context, id string, from int64, limit int) ([]Snapshot, error)
	// Purge deletes runs with all their rows.
	Purge(ctx context.Context, policy PurgePolicy) (Purged, error)
}

// A Migrator is a store with a schema to be brought up to date. Migrate does so,
// as often as it is called, and is never called by other methods.
type Migrator interface {
	Migrate(ctx context.Context) error
}

// A Closer is a store that holds something open.
type Closer interface {
	Close() error
}

// Volatile is what a store says of itself whose rows end with the process. Then
// no journal is kept for it.
type Volatile interface {
	Volatile()
}

// A PurgePolicy says which runs are deleted.
type PurgePolicy struct {
	// Before: those that ended before this time. Of a run that never ended counts
	// when it was last heard of.
	Before time.Time
	// Synthetic: all of them, whatever their age, also those that go on now. All
	// rows of these tables come from simulations.
	Synthetic bool
	// DryRun only counts.
	DryRun bool
}

// Validate refuses a policy that says nothing: it must neither delete everything
// nor nothing by mistake.
func (p PurgePolicy) Validate() error {
	if p.Before.IsZero() && !p.Synthetic {
		return &OptionError{Field: "PurgePolicy", Fix: "set Before to a time, or Synthetic to delete every run"}
	}
	return nil
}

// Takes tells whether the policy takes a run that ended then, or was last heard
// of then.
func (p PurgePolicy) Takes(last time.Time) bool {
	return p.Synthetic || last.Before(p.Before)
}

// Purged is what Purge deleted, or would delete.
type Purged struct {
	// Runs are the IDs, in order.
	Runs      []string `json:"runs"`
	Events    int64    `json:"events,string"`
	Snapshots int64    `json:"snapshots,string"`
}
