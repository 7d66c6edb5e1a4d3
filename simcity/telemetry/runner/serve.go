package runner

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"github.com/bookiji/simcity/simcity"
	"github.com/bookiji/simcity/simcity/telemetry"
)

// A shift is the work on one request, from its claim on.
type shift struct {
	*Runner
	request telemetry.RunRequest
	runID   string
	stopped bool
}

// serve makes the run of a request that was claimed.
func (r *Runner) serve(ctx context.Context, request telemetry.RunRequest) error {
	s := &shift{Runner: r, request: request}
	if request.RunID != "" {
		r.log("request %s: taken over from a runner that has died", request.ID)
		if err := r.bury(ctx, request.RunID); err != nil {
			return err // the lease runs out, and somebody tries again
		}
	}
	if request.StopAsked {
		return s.finish(ctx, telemetry.StatusStopped, "stopped before it began again")
	}
	game, err := r.start(request)
	if err != nil {
		r.log("request %s: %v", request.ID, err)
		return s.finish(ctx, telemetry.StatusFailed, err.Error())
	}
	r.log("request %s: run %s of %s with seed %d", request.ID, game.runID, request.Scenario, request.Seed)
	s.runID = game.runID
	if !s.watch(ctx, game) {
		game.stop()
		<-game.done
		return nil
	}
	status, message := game.outcome(s.stopped)
	r.log("request %s: %s: %s", request.ID, status, message)
	return s.finish(ctx, status, message)
}

// watch keeps the lease while the run goes on, and returns false when the request
// is not ours any more.
func (s *shift) watch(ctx context.Context, g *game) bool {
	for {
		if ours := s.renew(ctx, g); !ours {
			s.log("request %s: the lease is lost", s.request.ID)
			return false
		}
		timer := newTimer(s.options.Lease / 3)
		select {
		case <-g.done:
			timer.Stop()
			return true
		case <-ctx.Done():
			timer.Stop()
			s.giveBack(context.WithoutCancel(ctx), g)
			return false
		case <-timer.C:
		}
	}
}

// renew lengthens the lease and obeys a stop. Trouble of the store is borne until
// the lease is over.
func (s *shift) renew(ctx context.Context, g *game) (ours bool) {
	limited, cancel := context.WithTimeout(ctx, s.options.Lease/3)
	defer cancel()
	renewed, err := s.store.Renew(limited, s.request.ID, s.options.Name, s.runID, now(), s.options.Lease)
	switch {
	case lost(err):
		return false
	case err != nil:
		// One more try comes before the end only if there is time for it.
		return now().Add(s.options.Lease / 3).Before(s.request.LeaseUntil)
	}
	s.request.LeaseUntil = renewed.LeaseUntil
	if renewed.StopAsked && !s.stopped {
		s.log("request %s: asked to stop", s.request.ID)
		s.stopped = true
		g.stop()
	}
	return true
}

// giveBack lets another runner have the request at once.
func (s *shift) giveBack(ctx context.Context, g *game) {
	g.stop()
	<-g.done
	limited, cancel := context.WithTimeout(ctx, s.options.Lease/3)
	defer cancel()
	_, err := s.store.Renew(limited, s.request.ID, s.options.Name, s.runID, now(), 0)
	s.log("request %s: given back: %v", s.request.ID, err)
}

// finish ends the request, as long as the lease lasts.
func (s *shift) finish(ctx context.Context, status, message string) error {
	for {
		limited, cancel := context.WithTimeout(ctx, s.options.Lease/3)
		err := s.store.Finish(limited, s.request.ID, s.options.Name, status, plain(message), now())
		cancel()
		switch {
		case err == nil, lost(err):
			return nil
		case !telemetry.Transient(err), !now().Before(s.request.LeaseUntil):
			return err
		}
		if !wait(ctx, min(s.options.Poll, s.options.Lease/3)) {
			return err
		}
	}
}

// messageMax is how long a request's message is at most, in bytes.
const messageMax = 2000

// plain is a message as every store takes it.
func plain(message string) string {
	message = strings.ReplaceAll(strings.ToValidUTF8(message, "\uFFFD"), "\x00", "␀")
	return strings.ToValidUTF8(message[:min(len(message), messageMax)], "")
}

// bury ends the run of a runner that has died. What it recorded and did not deliver
// is in a journal on its machine, which replay-spill delivers all the same.
func (r *Runner) bury(ctx context.Context, id string) error {
	run, err := r.store.Run(ctx, id)
	if errors.Is(err, telemetry.ErrNoRun) || err == nil && run.Ended() {
		return nil
	}
	if err != nil {
		return err
	}
	live, err := r.store.Live(ctx, id)
	if err != nil {
		return err
	}
	const why = "the runner of this run has died; its request was taken over"
	live.Status, live.Message, live.HeartbeatAt = telemetry.StatusFailed, why, telemetry.Micro(now())
	if err := r.store.Append(ctx, telemetry.Batch{RunID: id, Live: &live}); err != nil {
		return err
	}
	run.Result, run.EndedAt = string(simcity.Inconclusive), telemetry.Micro(now())
	run.FailForensic, _ = json.Marshal(map[string]string{"reason": why}) // a string always works
	return r.store.EndRun(ctx, run)
}
