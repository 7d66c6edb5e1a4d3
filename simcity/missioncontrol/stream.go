package missioncontrol

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/bookiji/simcity/simcity"
	"github.com/bookiji/simcity/simcity/telemetry"
)

// stream is GET .../runs/{runId}/stream.
func (h *Handler) stream(w http.ResponseWriter, r *http.Request) error {
	cursor, err := cursorOf(r)
	if err != nil {
		return err
	}
	id, err := h.runID(r)
	if err != nil {
		return err
	}
	if h.streams.Add(1) > int64(h.config.StreamsMax) {
		h.streams.Add(-1)
		return &failure{status: http.StatusServiceUnavailable, Code: "too_many_streams", Message: "too many streams are open", Allowed: strconv.Itoa(h.config.StreamsMax)}
	}
	defer h.streams.Add(-1)
	out := &outlet{w: w, control: http.NewResponseController(w), timeout: h.config.WriteTimeout}
	if s := h.session(id); s != nil {
		err = h.follow(r.Context(), out, s.feed, cursor)
	} else {
		err = h.replay(r, out, id, cursor)
	}
	if err != nil && out.begun {
		return nil // the connection is cut, and whoever was there has gone
	}
	return err
}

// cursorOf is the event at which a stream begins.
func cursorOf(r *http.Request) (int64, error) {
	values, err := query(r, "from")
	if err != nil {
		return 0, err
	}
	from, err := wholeNumber(values, "from", 0, seedMost, 0)
	if err != nil {
		return 0, err
	}
	if last := r.Header.Get("Last-Event-ID"); last != "" {
		seen, err := parseInteger(last, 0, seedMost-1)
		if err != nil {
			return 0, wrong("Last-Event-ID", quote(last), "an event index", "leave it out to begin at ?from=")
		}
		return int64(seen) + 1, nil
	}
	return int64(from), nil
}

// follow sends a feed until it ends or the connection does.
func (h *Handler) follow(ctx context.Context, out *outlet, f *feed, cursor int64) error {
	quiet := newTimer(h.config.KeepAlive)
	defer quiet.Stop()
	var beats int64
	var b []byte
	for {
		p := f.read(cursor, beats)
		if !out.begun {
			if p.count >= 0 && cursor > p.count {
				out.noContent()
				return nil
			}
			if err := out.begin(); err != nil {
				return err
			}
		}
		b = b[:0]
		if p.skip != nil {
			b = appendSkip(b, cursor, p.skip)
		}
		for _, frame := range p.frames {
			b = append(b, frame...)
		}
		cursor, beats = p.from+int64(len(p.frames)), p.beats
		b = append(append(b, p.beat...), p.end...)
		if len(b) > 0 {
			if err := out.write(b); err != nil || p.end != nil {
				return err
			}
			quiet.Reset(h.config.KeepAlive)
			continue
		}
		select {
		case <-p.changed:
		case <-ctx.Done():
			return ctx.Err()
		case <-quiet.C:
			if err := out.write([]byte(": quiet\n\n")); err != nil {
				return err
			}
			quiet.Reset(h.config.KeepAlive)
		}
	}
}

// replay sends a run that only the store has.
func (h *Handler) replay(r *http.Request, out *outlet, id string, cursor int64) error {
	ctx := r.Context()
	run, err := h.config.Store.Run(ctx, id)
	if err != nil {
		return err
	}
	if run.Ended() && cursor > run.EventCount {
		out.noContent()
		return nil
	}
	if err := out.begin(); err != nil {
		return err
	}
	if cursor, err = h.sendRows(ctx, out, id, cursor); err != nil {
		return err
	}
	if !run.Ended() {
		return h.followDistant(r, out, id, cursor)
	}
	return out.write(appendFrame(nil, "end", run.EventCount, encode(endOfRow(&run))))
}

// sendRows sends the events that the store has from a cursor on, and returns where
// they end.
func (h *Handler) sendRows(ctx context.Context, out *outlet, id string, cursor int64) (int64, error) {
	for {
		events, shots, err := h.rowsOf(ctx, id, cursor)
		if err != nil || len(events) == 0 {
			return cursor, err
		}
		var b []byte
		for i := range events {
			b = appendRows(b, &events[i], shots[events[i].Index])
		}
		if err := out.write(b); err != nil {
			return cursor, err
		}
		cursor = events[len(events)-1].Index + 1
	}
}

// shotsBetween is the data of the snapshots with these indexes.
func (h *Handler) shotsBetween(ctx context.Context, id string, from, to int64) (map[int64][]byte, error) {
	shots := make(map[int64][]byte)
	for from <= to {
		rows, err := h.config.Store.Snapshots(ctx, id, from, telemetry.LimitMax)
		if err != nil {
			return nil, err
		}
		for i := range rows {
			if rows[i].Index <= to {
				shots[rows[i].Index] = encode(&rows[i])
			}
		}
		if len(rows) < telemetry.LimitMax {
			break
		}
		from = rows[len(rows)-1].Index + 1
	}
	return shots, nil
}

func endOfRow(run *telemetry.Run) endView {
	v := endView{RunID: run.ID, Verdict: run.Result, Status: statusCompleted, Reasons: []string{}, Events: run.EventCount, Digest: run.Digest}
	if run.Result == string(simcity.Stopped) {
		v.Status = statusStopped
	}
	if res, err := resultOf(run); err == nil {
		v.Reasons, v.Metrics = append(v.Reasons, res.Reasons...), res.Metrics
	}
	return v
}

// An outlet is a connection that takes a stream.
type outlet struct {
	w       http.ResponseWriter
	control *http.ResponseController
	timeout time.Duration
	begun   bool
}

// begin sends the header and how long a browser waits before it comes again.
func (o *outlet) begin() error {
	header := o.w.Header()
	header.Set("Content-Type", "text/event-stream")
	header.Set("Cache-Control", "no-cache, no-transform")
	header.Set("X-Accel-Buffering", "no")
	o.extend()
	if err := o.control.Flush(); errors.Is(err, http.ErrNotSupported) {
		return &failure{status: http.StatusInternalServerError, Code: "internal", Message: "something around Mission Control hides the Flush of the connection, so that nothing can be streamed"}
	}
	o.begun = true
	return o.write([]byte("retry: 2000\n\n"))
}

// extend moves the connection's deadline, which a host's WriteTimeout set for whole
// answers. Connections without one have nothing to move.
func (o *outlet) extend() { _ = o.control.SetWriteDeadline(now().Add(o.timeout)) }

func (o *outlet) write(b []byte) error {
	o.extend()
	if _, err := o.w.Write(b); err != nil {
		return err
	}
	return o.control.Flush()
}

func (o *outlet) noContent() {
	o.begun = true
	o.w.WriteHeader(http.StatusNoContent)
}
