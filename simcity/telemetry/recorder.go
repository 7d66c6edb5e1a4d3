package telemetry

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bookiji/simcity/simcity"
)

// An item is an event on its way, with the snapshot after it.
type item struct {
	event    Event
	snapshot *Snapshot
}

func (it *item) rows() int {
	if it.snapshot != nil {
		return 2
	}
	return 1
}

// bytes is about how much memory an item takes.
func (it *item) bytes() int {
	const row = 256
	n := row + len(it.event.Payload) + len(it.event.Context)
	if s := it.snapshot; s != nil {
		n += row + len(s.Metrics) + len(s.State)
	}
	return n
}

// A recorder takes the events of one run and holds them until they are delivered.
//
// Rows wait in memory, in queue. While the spool is active they are in its file as
// well. When the store is down and the queue is full, the recorder is behind:
// from then on rows go to the file alone, until the delivery has read it to its
// end. So there is one order, memory before file, and nothing overtakes.
type recorder struct {
	sink       Sink
	options    Options
	run        Run
	duration   time.Duration // simulated, as asked for
	journaling bool
	backoff    *backoff
	clock      atomic.Int64 // real time in microseconds, see [Event.ObservedAt]
	cancel     context.CancelCauseFunc

	mu         sync.Mutex
	queue      []item
	queueRows  int
	queueBytes int
	recorded   int64 // events taken
	throughput Throughput
	delivered  int64 // events in the store
	spool      *spool
	behind     bool
	readFrom   int64 // where in the file the first row is that is not in memory
	down       bool  // the last call of the store failed
	failed     error // what will not pass
	stalled    time.Duration
	lossy      bool
	lost       int64
	lossReason error
	waiting    bool
	closed     bool

	// Made outside of the bubble, so that waiting for them is no sleep there.
	wake   chan struct{} // there is a batch
	nudge  chan struct{} // whoever waits may look again
	held   chan struct{} // somebody waits
	ending chan struct{}
	done   chan struct{}

	once    sync.Once
	ended   Run
	message string // the verdict line
	endErr  error

	// The delivery's own.
	last    Live // the live row as it was delivered
	portion int  // how many rows the next batch holds at most
	hurried bool // the end of the run has cut a wait short
}

func newRecorder(sink Sink, run Run, o Options, create func(string) (spoolFile, error)) *recorder {
	_, volatile := sink.(Volatile)
	r := &recorder{
		sink: sink, options: o, run: run, spool: newSpool(o, run, create),
		journaling: o.Journal == JournalAlways || o.Journal == JournalAuto && !volatile,
		wake:       make(chan struct{}, 1), nudge: make(chan struct{}, 1), held: make(chan struct{}, 1),
		ending: make(chan struct{}), done: make(chan struct{}),
		last: Live{RunID: run.ID, Status: StatusRunning, LastEventIndex: -1}, portion: o.BatchRows,
	}
	r.clock.Store(now().UnixMicro())
	return r
}

// Record takes one event. It waits while the queue is full.
func (r *recorder) Record(e simcity.Event, s *simcity.Snapshot) {
	it := r.item(e, s)
	for !r.take(&it) {
		<-r.nudge
	}
}

// take puts the item where there is room, or says that there is none.
func (r *recorder) take(it *item) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.closed:
		return true
	case r.lossy:
		r.count(it)
		r.lost++
		return true
	case !r.behind && r.room(it):
		r.enqueue(it)
	case !r.behind && !r.down && r.failed == nil:
		return r.wait() // the store is slow, not down
	case !r.spill(it):
		return r.wait()
	}
	r.count(it)
	r.waiting, r.stalled = false, 0
	return true
}

// count notes an item that is taken.
func (r *recorder) count(it *item) {
	r.recorded++
	r.throughput = r.throughput.After(it.event.Type, it.event.At, r.duration)
}

func (r *recorder) wait() bool {
	if !r.waiting {
		r.waiting = true
		signal(r.held)
	}
	signal(r.wake)
	return false
}

func (r *recorder) room(it *item) bool {
	return len(r.queue) < r.options.QueueEvents && (len(r.queue) == 0 || r.queueBytes+it.bytes() <= r.options.QueueBytes)
}

// enqueue keeps the item in memory, and in the journal if there is one. A journal
// that cannot be written is made anew after the next delivery; until then a
// process that is killed loses its queue.
func (r *recorder) enqueue(it *item) {
	r.queue = append(r.queue, *it)
	r.queueRows += it.rows()
	r.queueBytes += it.bytes()
	if r.spool.active && r.spool.add(it) != nil && r.spool.start(r.delivered, r.queue) != nil {
		r.spool.active = false
	}
	if r.queueRows >= r.options.BatchRows {
		signal(r.wake)
	}
}

// spill writes the item to the file alone. The first one finds the whole queue
// there before it.
func (r *recorder) spill(it *item) bool {
	if !r.spool.active {
		if err := r.spool.start(r.delivered, r.queue); err != nil {
			r.lossReason = err
			return false
		}
	}
	at, err := r.spool.addToFile(it)
	if err != nil {
		r.lossReason = err
		return false
	}
	if !r.behind {
		r.behind, r.readFrom = true, at
	}
	return true
}

// End delivers what is left.
func (r *recorder) End(res *simcity.Result) error {
	r.once.Do(func() {
		r.mu.Lock()
		r.closed = true
		r.mu.Unlock()
		r.ended = endedRun(r.run, res, r.throughput, now())
		r.message = safeText(res.Line())
		close(r.ending)
		signal(r.nudge)
		timer := newTimer(r.options.FlushTimeout)
		defer timer.Stop()
		select {
		case <-r.done:
		case <-timer.C:
			r.cancel(errFlush)
			<-r.done
		}
	})
	return r.endErr
}

// signal sets a flag that somebody may wait for.
func signal(flag chan<- struct{}) {
	select {
	case flag <- struct{}{}:
	default:
	}
}
