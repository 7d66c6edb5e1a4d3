package simcity

import (
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/bookiji/simcity/internal/conductor"
	"github.com/bookiji/simcity/internal/locks"
)

// exploring is what is explored of the host, beyond what it offers of itself.
type exploring struct {
	off      bool
	packages locks.Patterns // whose locks are seams; none: the main module's
}

// hostPackages are those whose locks are seams.
func (e exploring) hostPackages() locks.Patterns {
	if len(e.packages) > 0 {
		return e.packages
	}
	if baked := locks.ParsePatterns(locks.Packages()); len(baked) > 0 {
		return baked
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Path != "" {
		return locks.Patterns{info.Main.Path + "/...", "main"}
	}
	return nil
}

// hostLocks are the locks of host code, where they are seams.
type hostLocks struct {
	run        *run
	table      *locks.Table // nil: they are none
	suspicions atomic.Int64 // of deadlocks
}

// open makes them seams, if the test binary was compiled with the overlay of the
// command simcity and the host lives on simulated time.
func (h *hostLocks) open(r *run, e exploring) {
	h.run = r
	if r.explore.Order == Free {
		r.findings = append(r.findings, Finding{Kind: FindingExplore, Severity: NoteFinding, Text: "explore: a free run: all that are ready go on together, so that it does not repeat and has no digest, and locks are no seams in it, with the overlay or without"})
		return
	}
	if e.off || r.clock.inner.Name() != "virtual" || !locks.Active() {
		return
	}
	packages := e.hostPackages()
	h.table = locks.Open(locks.Config{
		Packages:   packages,
		Seed:       stream(r.seed, "overlay").Uint64(),
		Steps:      func() uint64 { return r.conductor.Steps() },
		Deadlocked: h.suspect,
	})
	r.findings = append(r.findings, Finding{Kind: FindingExplore, Severity: NoteFinding, Text: "explore: " + exploredText(packages, raceFlag != "")})
}

func exploredText(packages locks.Patterns, race bool) string {
	if len(packages) == 0 {
		return "no package is known to be the host's: name them in " + envPackages
	}
	text := "locks of host packages are seams (" + packages.String() + "); select, map order and math/rand follow the seed"
	if race {
		text += "; whoever takes turns has no data race, so that -race sees none: " + envExplore + "=free is for it"
	}
	return text
}

// explored tells whether locks of host packages were seams.
func (r *Result) explored() bool {
	return !strings.HasPrefix(r.Explored, string(Free)) && slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Kind == FindingExplore })
}

// passed counts a seam at a lock, like any other.
func (h *hostLocks) passed(a *conductor.Actor, place string, contended bool) {
	h.run.seams.passed(place, contended)
	h.run.tracing.pass(h.run.elapsed(), a.ID, place)
}

// atLock tells whether a seam is one that nobody placed, at a lock of host code.
func atLock(seam string) bool {
	return strings.HasPrefix(seam, "lock ") || strings.HasPrefix(seam, "wake ")
}

// deadlockGrace is how long those who wait for one another's locks must have
// waited before they are told: another goroutine might give a lock back.
const deadlockGrace = time.Minute

// suspect looks again at a circle of waiting goroutines, later.
func (h *hostLocks) suspect() {
	id := "deadlock/" + itoa(int(h.suspicions.Add(1)))
	h.run.conductor.Go(id, func(a actor) {
		if a.Sleep(h.run.ctx, deadlockGrace) == nil {
			h.tellDeadlocks()
		}
	})
}

// tellDeadlocks fails the run if there are deadlocks, and ends it: nobody in
// them will ever go on.
func (h *hostLocks) tellDeadlocks() {
	deadlocks := h.table.Standing()
	for _, d := range deadlocks {
		h.run.find(Finding{
			Kind: FindingDeadlock, Actor: strings.Join(d.Who, "; "), Stack: d.Stack,
			Text: fmt.Sprintf("deadlock of %s: %s. Take locks in one order, none of them twice, and let go of each on every way out, as with defer", counted(len(d.Who), "goroutine"), d.Text),
		})
	}
	if len(deadlocks) == 0 {
		return
	}
	h.run.course.deadlocked.Store(true)
	h.run.course.sealed.Store(true)
	h.run.conductor.Halt()
}
