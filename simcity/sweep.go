package simcity

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// A sweep runs many seeds of one simulation in worker processes of the same
// test binary: a seed that crashes, hangs, leaks or exits is that seed's finding.
type sweep struct {
	play     *play
	seeds    []uint64
	workers  int
	ordinal  int // which simulation of the test it is
	began    time.Time
	deadline time.Time // by which the last seed must begin; zero: none
	progress progress

	mu     sync.Mutex
	next   int
	stop   bool
	done   []outcome
	failed int // did not pass
	broken int // failed
	late   bool
	signal string // by which it was stopped
}

// An outcome is what a worker tells of a seed.
type outcome struct {
	Seed       uint64  `json:"seed,string"`
	Verdict    Verdict `json:"verdict"`
	Signature  string  `json:"signature,omitempty"`
	Reason     string  `json:"reason,omitempty"`
	Digest     string  `json:"digest,omitempty"`
	Operations int64   `json:"operations"`
	Bundle     string  `json:"bundle,omitempty"`
	// Spent says that something of the seed still runs in its process, which might
	// fail later, as another seed's fault.
	Spent bool `json:"spent,omitempty"`
	// outright says that the process failed, and not the run: what has ended there
	// before may be the cause.
	outright bool
	// Reached counts how often each [Sometimes] was true.
	Reached map[string]int64 `json:"reached,omitempty"`
	// Seams says that host code passed seams.
	Seams bool `json:"seams,omitempty"`
}

// ordinals counts the simulations of each test, so that a worker finds the one
// that it is to run.
var ordinals = struct {
	sync.Mutex
	of map[string]int
}{of: make(map[string]int)}

func nextOrdinal(t testing.TB) int {
	ordinals.Lock()
	defer ordinals.Unlock()
	test := t.Name()
	if ordinals.of[test]++; ordinals.of[test] == 1 {
		t.Cleanup(func() { // with -count the test comes again
			ordinals.Lock()
			defer ordinals.Unlock()
			delete(ordinals.of, test)
		})
	}
	return ordinals.of[test]
}

// run sweeps, tells the summary, and returns the result of the first seed that
// failed, or of the first of all.
func (s *sweep) run() *Result {
	s.began = time.Now()
	if test, ok := s.play.t.(interface{ Deadline() (time.Time, bool) }); ok {
		if deadline, limited := test.Deadline(); limited {
			s.deadline = deadline.Add(-time.Until(deadline) / 10) // a tenth is for those under way, and the summary
		}
	}
	release := heedSignals("the seeds under way end, and the sweep tells what it has found", func(by string) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.stop, s.signal = true, by
	})
	var crew sync.WaitGroup
	for range min(s.workers, len(s.seeds)) {
		crew.Go(s.work)
	}
	crew.Wait()
	s.progress.end()
	slices.SortFunc(s.done, func(a, b outcome) int {
		if a.Seed < b.Seed {
			return -1
		}
		return 1
	})
	summary := s.summary()
	fmt.Fprintln(s.play.t.Output(), quoted(summary.String()))
	release() // a run that follows heeds them itself
	return s.result(summary)
}

// work is one worker after the other, as long as there are seeds. A worker whose
// seeds are brief has the next in hand while it runs one.
func (s *sweep) work() {
	var w *sweeper
	defer func() { s.part(w) }()
	for hand := s.fill(nil, w); len(hand) > 0; hand = s.fill(hand[1:], w) {
		if w == nil {
			var err error
			if w, err = s.hire(); err != nil {
				s.finish(outcome{Seed: hand[0], Verdict: Inconclusive, Signature: "worker: not started", Reason: err.Error()})
				return
			}
			w.give(hand...)
		}
		out, alive := w.await(hand[0], s.play.settings)
		if !alive {
			if out.outright && w.ended > 0 && s.play.simulation.explore.Order != Free {
				out = s.alone(out, w)
			}
			w.dismiss()
			w = nil
		}
		s.finish(out)
	}
}

// fill takes the seeds that a worker is to have, and gives them to one that is there.
func (s *sweep) fill(hand []uint64, w *sweeper) []uint64 {
	for len(hand) < 1 || len(hand) < 2 && w != nil && w.brief {
		seed, ok := s.take()
		if !ok {
			break
		}
		hand = append(hand, seed)
		if w != nil {
			w.give(seed)
		}
	}
	return hand
}

// alone tells which seed made a worker fail that had run others before: the one at
// work then, if it does so in a process of its own, too, or else what is left of
// one that had ended.
func (s *sweep) alone(failed outcome, w *sweeper) outcome {
	own, err := s.hire()
	if err != nil {
		return failed
	}
	defer own.dismiss()
	own.give(failed.Seed)
	again, _ := own.await(failed.Seed, s.play.settings)
	if !again.outright {
		s.blame(w, failed, fmt.Sprintf("while seed %d was run, which does not fail so alone", failed.Seed))
		return again
	}
	again.Reason += fmt.Sprintf("\nit was tried twice: after %s in the same process, and then in one of its own", counted(w.ended, "other seed"))
	return again
}

// part dismisses a worker that has no more seeds. It may fail even then.
func (s *sweep) part(w *sweeper) {
	w.dismiss()
	if w == nil || w.ended == 0 || w.gone() == nil {
		return
	}
	if end := w.crash(); end != "" {
		s.blame(w, w.failed(w.last, "crash", end), "after its last seed")
	}
}

// blame tells of a failure that a seed caused after its end.
func (s *sweep) blame(w *sweeper, failed outcome, when string) {
	failed.Reason += fmt.Sprintf("; it came %s: seed %d had ended in the same process, the last of %d, and what one of them left behind goes on in it", when, w.last, w.ended)
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.done, func(out outcome) bool { return out.Seed == w.last })
	if s.done[i].Verdict == Fail {
		s.done[i].Reason += "\n" + failed.Reason
		return
	}
	if s.done[i].Verdict == Pass {
		s.failed++
	}
	s.broken++
	failed.Seed, failed.Operations, failed.Digest, failed.Reached = w.last, s.done[i].Operations, s.done[i].Digest, s.done[i].Reached
	s.done[i] = failed
}

func (s *sweep) take() (seed uint64, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.deadline.IsZero() && time.Until(s.deadline) < 0 {
		s.stop, s.late = true, true
	}
	if s.stop || s.next >= len(s.seeds) {
		return 0, false
	}
	s.next++
	return s.seeds[s.next-1], true
}

func (s *sweep) finish(out outcome) {
	if out.Verdict == Stopped && interrupted.Load() { // with the sweep
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.done = append(s.done, out)
	if out.Verdict != Pass {
		s.failed++
	}
	if out.Verdict == Fail {
		s.broken++
		limit := s.play.settings.stopAfter
		s.stop = s.stop || limit > 0 && s.broken >= limit
	}
	s.progress.show(func() string {
		return fmt.Sprintf("simcity sweep: %d of %d seeds, %d failed, %.1f seeds/s", len(s.done), len(s.seeds), s.failed, s.rate())
	})
}

func (s *sweep) rate() float64 {
	return float64(len(s.done)) / max(time.Since(s.began).Seconds(), 1e-9)
}

// result is what the test is judged by: the first failure as its bundle tells
// it, or if there is none a run of the first seed.
func (s *sweep) result(summary *Sweep) *Result {
	if failed := s.worstFirst(); len(failed) > 0 {
		out := failed[0]
		res := s.bare(out.Verdict, out.Reason, out.Seed)
		if bundle, err := ReadBundle(out.Bundle); err == nil {
			res = bundle.Result
			res.Bundle = out.Bundle
		}
		res.Repro = s.play.repro(out.Seed)
		res.Sweep = summary
		return res
	}
	if s.signal != "" {
		res := s.bare(Stopped, fmt.Sprintf("%s after %d of %d seeds, none of which failed", howStopped(s.signal), len(s.done), len(s.seeds)), s.seeds[0])
		res.Sweep = summary
		return res
	}
	p := *s.play
	p.simulation.seed = s.seeds[0]
	res := p.judgeSeed()
	res.Sweep = summary
	return p.tell(res)
}

// bare is the result of a seed of which no more is known.
func (s *sweep) bare(verdict Verdict, reason string, seed uint64) *Result {
	simulation := s.play.simulation
	return &Result{Verdict: verdict, Reasons: []string{reason}, Scenario: simulation.scenario.Name, Seed: seed, Clock: simulation.clock.String(), Metrics: &Snapshot{}}
}

// worstFirst are the seeds that did not pass: failures before what is undecided,
// each by seed.
func (s *sweep) worstFirst() []outcome {
	notPassed := slices.DeleteFunc(slices.Clone(s.done), func(out outcome) bool { return out.Verdict == Pass })
	slices.SortStableFunc(notPassed, func(a, b outcome) int { return rankOf(a.Verdict) - rankOf(b.Verdict) })
	return notPassed
}

func rankOf(v Verdict) int { return slices.Index([]Verdict{Fail, Inconclusive, Stopped}, v) }

// progress is a line on the terminal that is written over; it stays quiet
// where nobody looks.
type progress struct {
	shown time.Time
	width int
}

func (p *progress) show(text func() string) {
	if !onTerminal() || time.Since(p.shown) < 200*time.Millisecond {
		return
	}
	p.shown = time.Now()
	line := text()
	fmt.Fprintf(os.Stderr, "\r%s%s", line, strings.Repeat(" ", max(0, p.width-len(line))))
	p.width = len(line)
}

func (p *progress) end() {
	if p.width > 0 {
		fmt.Fprint(os.Stderr, "\r"+strings.Repeat(" ", p.width)+"\r")
	}
}

// onTerminal tells whether somebody watches: go test hands its own standard
// error to a single package's test binary.
func onTerminal() bool {
	info, err := os.Stderr.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("CI") == ""
}
