package simcity

import "sync/atomic"

// A stage is how far a run has come.
type stage int32

const (
	stageBuilding stage = iota
	stageRunning
	stageDismissing // the citizens are told that the run is over
	stageWinding    // they have been told
	stageClosing    // the host is closed
	stageOver
)

// String tells when something happened.
func (s stage) String() string {
	return [...]string{"while the target was built", "during the run", "during the run", "while the run was wound up", "while the host closes", "after the end"}[s]
}

// A course is how far a run has come, and what ends it before its time. It is
// read on both sides of the bubble. Stages only follow one another, and all else
// is said once and never taken back, so that it needs no lock.
type course struct {
	at         atomic.Int32
	stoppedBy  atomic.Pointer[string] // who gave the command to stop, once it took effect
	sealed     atomic.Bool            // nothing more is judged
	deadlocked atomic.Bool            // some in the host wait for one another for good
	judged     atomic.Bool            // the end of the run was judged
	ended      atomic.Bool            // the goroutine of the run came to its end
}

func (c *course) enter(s stage)     { c.at.Store(int32(s)) }
func (c *course) stage() stage      { return stage(c.at.Load()) }
func (c *course) past(s stage) bool { return c.stage() > s }

func (c *course) stopped() bool { return c.stoppedBy.Load() != nil }

// cutShort tells whether the run ends before its time.
func (c *course) cutShort() bool { return c.stopped() || c.sealed.Load() }
