package telemetry

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/bookiji/simcity/simcity"
)

// Replayed is what [ReplaySpill] delivered.
type Replayed struct {
	Run       Run   // as it is in the file: ended, if the file says how
	Events    int64 // in the file; the sink may have had some of them
	Snapshots int64
	// Died: the file does not say how the run ended, since its process was killed or
	// its disk was full. The run is INCONCLUSIVE then.
	Died bool
	// Torn: the last line was not written to its end and counts as not recorded.
	Torn bool
}

// Spills lists the spill files of a folder, oldest first; "" is [SpillDir]. Files
// of runs that are still going on are among them.
func Spills(dir string) ([]string, error) {
	if dir == "" {
		dir = SpillDir()
	}
	paths, err := filepath.Glob(filepath.Join(dir, "simcity-spill-*.jsonl"))
	if err != nil {
		return nil, err
	}
	age := func(path string) time.Time {
		info, err := os.Stat(path)
		if err != nil {
			return time.Time{}
		}
		return info.ModTime()
	}
	slices.SortFunc(paths, func(a, b string) int { return age(a).Compare(age(b)) })
	return paths, nil
}

// ReplaySpill delivers the rows of a spill file and then removes it. It may be
// called as often as it takes: rows that the sink has stay as they are. A file
// whose run is still going on, or that is damaged in its middle, is an error; up
// to there its rows are delivered.
func ReplaySpill(ctx context.Context, sink Sink, path string) (Replayed, error) {
	file, err := os.Open(path)
	if err != nil {
		return Replayed{}, fmt.Errorf("telemetry: %w", err)
	}
	defer file.Close()
	if err := lock(file); err != nil {
		return Replayed{}, fmt.Errorf("telemetry: spill file %s: %w", path, err)
	}
	defer unlock(file)
	r := replay{sink: sink, reader: bufio.NewReaderSize(file, 256<<10), tail: tailPath(path)}
	if err := r.all(ctx); err != nil {
		return r.done, fmt.Errorf("telemetry: spill file %s: %w", path, err)
	}
	if r.end == nil {
		info, err := file.Stat()
		if err != nil {
			return r.done, fmt.Errorf("telemetry: %w", err)
		}
		r.bury(info.ModTime())
	}
	r.done.Run = *r.end
	if err := sink.Append(ctx, Batch{RunID: r.end.ID, Live: r.live}); err != nil {
		return r.done, fmt.Errorf("telemetry: %w", err)
	}
	if err := sink.EndRun(ctx, *r.end); err != nil {
		return r.done, fmt.Errorf("telemetry: %w", err)
	}
	if err := errors.Join(removeTail(path), os.Remove(path)); err != nil {
		return r.done, fmt.Errorf("telemetry: all is delivered: %w", err)
	}
	return r.done, nil
}

// A replay delivers one file.
type replay struct {
	sink   Sink
	reader *bufio.Reader
	tail   string // the path of the journal's last lines, if there are any
	done   Replayed
	batch  Batch
	bytes  int
	last   int64 // index of the last event
	digest string
	figure json.RawMessage // the last metrics
	end    *Run
	live   *Live
}

// removeTail removes the last lines of a journal, if there are any.
func removeTail(spill string) error {
	if err := os.Remove(tailPath(spill)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func (r *replay) all(ctx context.Context) error {
	first, _, err := readLine(r.reader)
	switch {
	case errors.Is(err, io.EOF) || err == nil && first.Begin == nil:
		return errors.New("it does not begin with a run: it is no spill file")
	case err != nil:
		return err
	case first.Version != spillVersion:
		return fmt.Errorf("it has version %d, not %d: replay it with the SimCity that wrote it", first.Version, spillVersion)
	}
	r.done.Run, r.last = *first.Begin, first.Delivered-1
	r.batch.RunID = first.Begin.ID
	if err := r.sink.BeginRun(ctx, *first.Begin); err != nil {
		return err
	}
	for {
		l, _, err := readLine(r.reader)
		switch {
		case errors.Is(err, io.EOF) || errors.Is(err, errTorn):
			r.done.Torn = errors.Is(err, errTorn)
			if err := r.follow(ctx); err != nil {
				return err
			}
			return r.flush(ctx)
		case err != nil:
			return errors.Join(err, r.flush(ctx))
		case l.End != nil:
			r.end, r.live = l.End, l.Live
		case l.Event != nil:
			if err := r.add(ctx, l); err != nil {
				return err
			}
		}
	}
}

// follow adds the lines of the tail that go on where the file ends.
func (r *replay) follow(ctx context.Context) error {
	text, err := os.ReadFile(r.tail)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for lines := bufio.NewReader(bytes.NewReader(text)); err == nil; {
		var l line
		if l, _, err = readLine(lines); err != nil {
			return nil // no line: all that was written is before it
		}
		if l.Event == nil || l.Event.Index != r.last+1 {
			continue // one that the file has
		}
		r.done.Torn = false
		err = r.add(ctx, l)
	}
	return err
}

func (r *replay) add(ctx context.Context, l line) error {
	it := item{event: *l.Event, snapshot: l.Snapshot}
	r.done.Events++
	r.last, r.digest = it.event.Index, it.event.After
	r.batch.Events = append(r.batch.Events, it.event)
	if it.snapshot != nil {
		r.done.Snapshots++
		r.figure = it.snapshot.Metrics
		r.batch.Snapshots = append(r.batch.Snapshots, *it.snapshot)
	}
	if r.bytes += it.bytes(); r.batch.rows() < LimitMax && r.bytes < 4<<20 {
		return nil
	}
	return r.flush(ctx)
}

func (r *replay) flush(ctx context.Context) error {
	if r.batch.rows() == 0 {
		return nil
	}
	if err := appendParts(ctx, r.sink, r.batch); err != nil {
		return err
	}
	r.bytes, r.batch.Events, r.batch.Snapshots = 0, nil, nil
	return nil
}

// appendParts appends a batch, in halves where the store does not manage all of it
// in its time.
func appendParts(ctx context.Context, sink Sink, batch Batch) error {
	err := sink.Append(ctx, batch)
	n := len(batch.Events) / 2
	if !Transient(err) || n == 0 {
		return err
	}
	first, second := batch, batch
	first.Events, second.Events = batch.Events[:n], batch.Events[n:]
	first.Snapshots, second.Snapshots = nil, nil
	for _, s := range batch.Snapshots {
		if s.Index < second.Events[0].Index {
			first.Snapshots = append(first.Snapshots, s)
		} else {
			second.Snapshots = append(second.Snapshots, s)
		}
	}
	if err := appendParts(ctx, sink, first); err != nil {
		return err
	}
	return appendParts(ctx, sink, second)
}

// bury ends a run whose file does not.
func (r *replay) bury(at time.Time) {
	r.done.Died = true
	run := r.done.Run
	run.EndedAt = Micro(at)
	run.Result = string(simcity.Inconclusive)
	run.EventCount, run.Digest = r.last+1, r.digest
	why := fmt.Sprintf("the run's process was killed, or its disk was full; the last event that it recorded is %d", r.last)
	run.FailForensic, _ = json.Marshal(map[string]string{"reason": why}) // a string always works
	r.end = &run
	r.live = &Live{RunID: run.ID, Status: StatusFailed, LastEventIndex: r.last, HeartbeatAt: Micro(now()), Metrics: r.figure, Message: why}
}
