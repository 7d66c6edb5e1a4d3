package missioncontrol

import (
	"context"
	"encoding/json"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/bookiji/simcity/simcity/telemetry"
)

// A distant run goes on in another process, which writes it to the store. One
// reader polls for what is new, by index, and wakes all who follow the run here: a
// store's own notifications slow its commits down, and some ways to it lose them.
type distant struct {
	feed    *feed
	from    int64 // the first event that the feed is given
	beat    atomic.Pointer[[]byte]
	readers int // guarded by the handler's mu
	stop    context.CancelFunc
}

// beatOfRow is the data of a heartbeat of a distant run. HeartbeatAt is when its
// process was last heard of.
type beatOfRow struct {
	RunID          string          `json:"runId"`
	Status         string          `json:"status"`
	LastEventIndex int64           `json:"lastEventIndex,string"`
	HeartbeatAt    time.Time       `json:"heartbeatAt"`
	Metrics        json.RawMessage `json:"metrics"`
	Now            time.Time       `json:"now"`
}

// join lets one more follow a distant run, whose events before next it has. leave
// must be called.
func (h *Handler) join(id string, next int64) (d *distant, leave func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	d = h.distants[id]
	if d == nil {
		d = &distant{feed: newFeed(h.config.RetainEvents, h.config.RetainBytes), from: next}
		d.feed.first = next
		var ctx context.Context
		ctx, d.stop = context.WithCancel(h.life)
		if h.closed {
			d.feed.finish([]byte(closing))
			return d, d.stop
		}
		h.distants[id] = d
		h.waiting.Add(2)
		go func() {
			defer h.waiting.Done()
			d.feed.broadcast(context.Background(), h.config.Heartbeat, d.heartbeat) // until the feed is finished
		}()
		go func() {
			defer h.waiting.Done()
			d.feed.finish(h.poll(ctx, d, id))
		}()
	}
	d.readers++
	return d, func() { h.part(id, d) }
}

// part ends the reading when the last one has left.
func (h *Handler) part(id string, d *distant) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if d.readers--; d.readers > 0 {
		return
	}
	d.stop()
	if h.distants[id] == d {
		delete(h.distants, id)
	}
}

// closing is the last frame where the reading ends before the run does: the browser
// comes back, to whoever serves it then.
const closing = ": it is not read on here\n\n"

// heartbeat is the frame of the latest state that the store told, or nil.
func (d *distant) heartbeat() []byte {
	if beat := d.beat.Load(); beat != nil {
		return *beat
	}
	return nil
}

// poll reads what the other process writes until the run has ended, and returns the
// last frame. A store that does not answer is asked again.
func (h *Handler) poll(ctx context.Context, d *distant, id string) []byte {
	ticker := newTicker(h.config.StorePoll)
	defer ticker.Stop()
	for next := d.from; ; {
		end, err := h.pollOnce(ctx, d, id, &next)
		if err == nil && end != nil {
			return end
		}
		select {
		case <-ctx.Done():
			return []byte(closing)
		case <-ticker.C:
		}
	}
}

func (h *Handler) pollOnce(ctx context.Context, d *distant, id string, next *int64) (end []byte, err error) {
	run, err := h.config.Store.Run(ctx, id) // first: its events are all there when it has ended
	if err != nil {
		return nil, err
	}
	for {
		events, shots, err := h.rowsOf(ctx, id, *next)
		if err != nil {
			return nil, err
		}
		for i := range events {
			d.feed.append(appendRows(nil, &events[i], shots[events[i].Index]), shots[events[i].Index])
			*next = events[i].Index + 1
		}
		if len(events) < telemetry.LimitMax {
			break
		}
	}
	if run.Ended() {
		return appendFrame(nil, "end", run.EventCount, encode(endOfRow(&run))), nil
	}
	live, err := h.config.Store.Live(ctx, id)
	if err != nil {
		return nil, err
	}
	if live.HeartbeatAt.IsZero() { // its process has not been heard of
		return nil, nil
	}
	beat := appendFrame(nil, "heartbeat", -1, encode(beatOfRow{id, live.Status, *next - 1, live.HeartbeatAt, live.Metrics, now().UTC()}))
	d.beat.Store(&beat)
	return nil, nil
}

// rowsOf are a run's next events, and the data of the snapshots among them.
func (h *Handler) rowsOf(ctx context.Context, id string, from int64) ([]telemetry.Event, map[int64][]byte, error) {
	events, err := h.config.Store.Events(ctx, id, from, telemetry.LimitMax)
	if err != nil || len(events) == 0 {
		return nil, nil, err
	}
	shots, err := h.shotsBetween(ctx, id, from, events[len(events)-1].Index)
	return events, shots, err
}

// followDistant sends what another process writes, from where the store's rows were
// sent up to.
func (h *Handler) followDistant(r *http.Request, out *outlet, id string, cursor int64) error {
	d, leave := h.join(id, cursor)
	defer leave()
	cursor, err := h.sendRows(r.Context(), out, id, cursor) // what came before the reader began
	if err != nil {
		return err
	}
	return h.follow(r.Context(), out, d.feed, cursor)
}
