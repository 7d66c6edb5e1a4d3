package missioncontrol

import (
	"context"
	"slices"
	"sync"
	"time"
)

// A feed is the log of one run as streams send it: encoded once, appended to by
// the run, read by each connection with a cursor of its own. The run waits for
// nobody, and whatever a reader does it does to itself alone.
//
// The run may live in a bubble, which must not make a channel that others use. So
// it only sets the flag wake, and broadcast, outside, tells the readers.
type feed struct {
	mostEvents, mostBytes int
	wake                  chan struct{} // buffered by one

	mu      sync.RWMutex // the run takes it before readers that come later
	frames  [][]byte     // of the events from first on
	first   int64
	bytes   int
	shots   []shot // those of the frames, and the latest in any case
	end     []byte // the last frame, when the run has ended
	beat    []byte // the latest heartbeat
	beats   int64
	changed chan struct{} // closed when there is more
}

// A shot is a snapshot as a stream sends it.
type shot struct {
	index int64
	data  []byte
}

func newFeed(mostEvents, mostBytes int) *feed {
	return &feed{mostEvents: mostEvents, mostBytes: mostBytes, wake: make(chan struct{}, 1), changed: make(chan struct{})}
}

// append adds the frame of the next event and, where one is due, the data of the
// snapshot after it.
func (f *feed) append(frame, snapshot []byte) {
	f.mu.Lock()
	index := f.first + int64(len(f.frames))
	f.frames = append(f.frames, frame)
	f.bytes += len(frame)
	if snapshot != nil {
		f.shots = append(f.shots, shot{index, snapshot})
	}
	for len(f.frames) > 1 && (len(f.frames) > f.mostEvents || f.bytes > f.mostBytes) {
		f.bytes -= len(f.frames[0])
		f.frames[0] = nil
		f.frames = f.frames[1:]
		f.first++
	}
	for len(f.shots) > 1 && f.shots[0].index < f.first-1 {
		f.shots[0].data = nil
		f.shots = f.shots[1:]
	}
	f.mu.Unlock()
	f.signal()
}

func (f *feed) signal() {
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

// finish adds the frame after which nothing comes.
func (f *feed) finish(end []byte) {
	f.mu.Lock()
	f.end = end
	f.mu.Unlock()
	f.signal()
}

// next is the index of the event that is still to come.
func (f *feed) next() int64 {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.first + int64(len(f.frames))
}

// waiting returns a channel that is closed when there is more than now.
func (f *feed) waiting() <-chan struct{} {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.changed
}

// broadcast tells readers that there is more, and has a heartbeat made from time to time,
// until the context ends or the feed does.
func (f *feed) broadcast(ctx context.Context, every time.Duration, heartbeat func() []byte) {
	ticker := newTicker(every)
	defer ticker.Stop()
	for {
		var beat []byte
		select {
		case <-ctx.Done():
			return
		case <-f.wake:
			f.gather()
		case <-ticker.C:
			beat = heartbeat()
		}
		f.mu.Lock()
		if beat != nil {
			f.beat = beat
			f.beats++
		}
		close(f.changed)
		f.changed = make(chan struct{})
		ended := f.end != nil
		f.mu.Unlock()
		if ended {
			return
		}
	}
}

// gatherTime is how long what comes is gathered before readers are told: events come
// in bursts, and each waking of a thousand readers is work that the run's own
// processor has to do.
const gatherTime = 25 * time.Millisecond

func (f *feed) gather() {
	timer := newTimer(gatherTime)
	defer timer.Stop()
	<-timer.C
	select {
	case <-f.wake:
	default:
	}
}

// A portion is what a reader gets at once.
type portion struct {
	skip    *shot // it was behind: begin with this snapshot
	from    int64 // the first event of the frames
	frames  [][]byte
	beat    []byte // the latest heartbeat, if it is another one
	beats   int64
	end     []byte // set when the frames are the last ones
	count   int64  // of events of a run that has ended, else -1
	changed <-chan struct{}
}

// portionMost is how many events a portion holds at most.
const portionMost = 256

// read returns what comes at a cursor, for a reader that has seen so many
// heartbeats. It does not wait.
func (f *feed) read(cursor, beats int64) portion {
	f.mu.RLock()
	defer f.mu.RUnlock()
	p := portion{from: cursor, beats: f.beats, count: -1, changed: f.changed}
	next := f.first + int64(len(f.frames))
	if cursor < f.first {
		p.skip = f.resume()
		p.from = p.skip.index + 1
	}
	if p.from < next {
		rest := f.frames[p.from-f.first:]
		p.frames = slices.Clone(rest[:min(len(rest), portionMost)])
	}
	if f.beats > beats {
		p.beat = f.beat
	}
	if f.end != nil {
		p.count = next
		if p.from+int64(len(p.frames)) >= next {
			p.end = f.end
		}
	}
	return p
}

// resume is the snapshot with which a reader goes on who is behind the window: the
// oldest after which all events are there.
func (f *feed) resume() *shot {
	for i := range f.shots {
		if f.shots[i].index >= f.first-1 {
			return &shot{f.shots[i].index, f.shots[i].data}
		}
	}
	return &shot{index: f.first - 1}
}
