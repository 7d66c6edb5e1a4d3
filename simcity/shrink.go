package simcity

import (
	"errors"
	"fmt"
	"go/format"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"
)

// A Shrunk is the smallest run that was found to fail like the whole.
type Shrunk struct {
	Cut Cut `json:"cut"`
	// Result of the run of the cut.
	Result *Result `json:"-"`
	// Before and After count citizens who lived, and Runs how many were tried.
	Before int `json:"before"`
	After  int `json:"after"`
	Runs   int `json:"runs"`
	// Unfinished says why shrinking ended early, and what was left out; empty if it
	// did not.
	Unfinished string `json:"unfinished,omitempty"`
	// Cause is when the failure became inevitable; nil if no moment was found.
	Cause *Cause `json:"cause,omitempty"`
	// Timeline shows who did what, when and at which seam.
	Timeline Timeline `json:"timeline"`
	// Test is a Go test to be pasted beside the one that failed.
	Test string `json:"test"`
}

// shrinkTime is how long, in real time, shrinking may go on.
const shrinkTime = time.Minute

// Shrink looks for the smallest part of the run of its seed that still breaks the
// same rule, or fails by the same kind of finding: the fewest citizens and
// faults, the shortest time and the fewest stops at which somebody is held back.
// It needs a Virtual clock and takes a minute at most. A run that does not fail,
// or not twice in the same way, is an error.
func (s *Simulation) Shrink(t testing.TB) (*Shrunk, error) {
	t.Helper()
	p, err := newPlay(s, t)
	if err != nil {
		return nil, err
	}
	return p.shrinkTo()
}

func (p *play) shrinkTo() (*Shrunk, error) {
	if p.simulation.clock.inner.HostTimeIsReal() {
		return nil, &FieldError{Field: "Clock", Value: p.simulation.clock, Allowed: "virtual", Fix: "only a run that repeats can be shrunk"}
	}
	p.simulation.reporter = nil
	defer heedSignals(shrinkingEnds, func(string) {})()
	if interrupted.Load() {
		return nil, errNotShrunk
	}
	whole := p.live(nil)
	if interrupted.Load() {
		return nil, errNotShrunk
	}
	if whole.res.Verdict != Fail {
		return nil, fmt.Errorf("simcity: seed %d is %s: there is no failure to shrink", p.simulation.seed, whole.res.Verdict)
	}
	z := &shrinker{play: p, class: whole.res.class(), until: time.Now().Add(shrinkTime), best: whole}
	z.cut = Cut{
		Scenario: p.simulation.scenario.Name, Seed: p.simulation.seed, Drawn: true,
		Until: whole.end(), Citizens: whole.trace.born, Faults: whole.faults(),
		Explore: p.simulation.explore.drawn(p.simulation.seed), Locks: whole.res.explored(),
	}
	if whole.res.Violation(z.class) != nil {
		z.cut.Rule = z.class
	}
	if !z.try(z.cut) && !interrupted.Load() {
		return nil, z.doubt(whole)
	}
	z.shrink()
	causing := z.cause(z.drawn, z.moments)
	if interrupted.Load() {
		causing = nil // it counts runs that were stopped
	}
	if err := z.repeats(); err != nil {
		return nil, err
	}
	return &Shrunk{
		Cut: z.cut, Result: z.best.res, Before: len(whole.trace.born), After: len(z.cut.Citizens), Runs: z.runs,
		Unfinished: z.unfinished(), Cause: causing,
		Timeline: z.best.trace.timeline(), Test: z.cut.test(p.t.Name(), z.class),
	}, nil
}

// repeats runs the smallest run again, unless a signal ends that.
func (z *shrinker) repeats() error {
	if interrupted.Load() {
		return nil
	}
	again := z.play.live(&z.cut)
	if interrupted.Load() || again.res.Digest == z.best.res.Digest {
		return nil
	}
	return fmt.Errorf("simcity: the smallest run is not reproducible: two runs of it %s", z.best.divergence(again.recording))
}

var errNotShrunk = errors.New("simcity: a signal ended the test: its failure was not shrunk")

// shrinkingEnds is what a signal does to it.
const shrinkingEnds = "shrinking ends, and tells the smallest run so far"

// over tells whether no more runs are to be tried.
func (z *shrinker) over() bool {
	z.late = z.late || time.Now().After(z.until)
	return z.late || interrupted.Load()
}

// unfinished says why shrinking has ended early, if it has.
func (z *shrinker) unfinished() string {
	switch {
	case interrupted.Load():
		return "a signal ended shrinking: a smaller run may be there, the cause is not known, and this run was not made again to see that it repeats"
	case z.late:
		return "shrinking may take " + shrinkTime.String() + " of real time: a smaller run may be there, and a cause"
	}
	return ""
}

// class is what two failures have in common that have one cause.
func (r *Result) class() string {
	for _, v := range r.Violations {
		if v.Severity == Critical {
			return v.Invariant
		}
	}
	for _, f := range r.Findings {
		if f.Severity == FailFinding {
			return "finding " + string(f.Kind)
		}
	}
	return ""
}

// doubt says why a run that failed did not fail again.
func (z *shrinker) doubt(whole lived) error {
	seed, again := z.play.simulation.seed, z.play.live(nil)
	if again.res.Digest != whole.res.Digest {
		return fmt.Errorf("simcity: seed %d is not reproducible: two runs of it %s", seed, whole.divergence(again.recording))
	}
	return fmt.Errorf("simcity: seed %d cannot be shrunk: the whole run repeats, but ended a second after its failure it does not fail by %s", seed, z.class)
}

// lived is a run of a cut and what was seen of it.
type lived struct {
	recording

	res   *Result
	trace *trace
	lag   time.Duration // learned or given
}

// live runs the cut of the simulation, nil for the whole.
func (p *play) live(cut *Cut) lived {
	s := p.simulation
	s.cut, s.tracing = cut, &trace{}
	var all recording
	s.watchers = append(slices.Clone(s.watchers), s.tracing.take, all.take)
	r := newRun(&s, s.seed, nil)
	defer p.takeProcess(r)()
	defer heedSignals(shrinkingEnds, r.steering.stop)()
	res := r.play(s.patience)
	return lived{all, res, s.tracing, r.lag.length()}
}

// end is when the run failed, and a little.
func (l lived) end() time.Duration { return l.res.Simulated + time.Second }

func (l lived) faults() []string {
	var ids []string
	for _, w := range l.res.Faults {
		ids = append(ids, w.Actor)
	}
	return ids
}

// A shrinker tries smaller and smaller cuts.
type shrinker struct {
	play  *play
	class string
	until time.Time
	late  bool // something was left untried
	cut   Cut  // the smallest so far that fails
	best  lived
	runs  int

	drawn   Cut // the smallest with the seed's own schedule
	moments Timeline
}

// try runs a cut and keeps it if it fails alike.
func (z *shrinker) try(cut Cut) bool {
	if z.over() {
		return false
	}
	z.runs++
	l := z.play.live(&cut)
	if l.res.Verdict != Fail || l.res.class() != z.class {
		return false
	}
	cut.Until = min(cut.Until, l.end())
	z.cut, z.best = cut, l
	return true
}

// lag gives what the run has learned, if it needs any, so that nobody need teach it.
func (z *shrinker) lag() {
	cut := z.cut
	if cut.Explore.LagOf == 0 {
		return
	}
	cut.Explore.LagOf = 0
	for _, length := range []time.Duration{0, z.best.lag} {
		if cut.Explore.Lag = length; z.try(cut) {
			return
		}
	}
}

func (z *shrinker) shrink() {
	z.lag()
	z.faults()
	z.citizens()
	z.drawn, z.moments = z.cut, z.best.trace.timeline()
	if z.schedule() {
		z.citizens()
		z.held()
	}
	z.faults()
	z.locks()
}

func (z *shrinker) citizens() {
	minimise(z.cut.Citizens, func(some []string) bool {
		cut := z.cut
		cut.Citizens = some
		return z.try(cut)
	})
}

func (z *shrinker) faults() {
	minimise(z.cut.Faults, func(some []string) bool {
		cut := z.cut
		cut.Faults = some
		return z.try(cut)
	})
}

// schedule replaces the draws by the stops that were overtaken in the smallest
// run, if it fails with them as well: with none, with one, of which the last is the
// likeliest, or with all, held back for times that are drawn until it does.
func (z *shrinker) schedule() bool {
	const single, draws = 500, 200
	cut, held := z.cut, z.best.trace.held
	cut.Drawn = false
	with := func(stops ...string) bool {
		cut.Held = stops
		return z.try(cut)
	}
	if with() || with(held...) {
		return true
	}
	for _, stop := range slices.Backward(held[max(0, len(held)-single):]) {
		if with(stop) {
			return true
		}
	}
	for cut.Draw = 1; cut.Draw <= draws && len(held) > 0; cut.Draw++ {
		if with(held...) {
			return true
		}
	}
	return false
}

func (z *shrinker) held() {
	minimise(z.cut.Held, func(some []string) bool {
		cut := z.cut
		cut.Held = some
		return z.try(cut)
	})
	if len(z.cut.Held) == 0 {
		z.cut.Draw = 0 // of nothing
	}
}

// locks leaves out that locks are seams, if it fails without that as well, and
// again: what the host leaves to chance follows no seed then.
func (z *shrinker) locks() {
	cut, best, plain := z.cut, z.best, z.cut
	plain.Locks = false
	if !cut.Locks || !z.try(plain) {
		return
	}
	if z.play.live(&z.cut).res.Digest != z.best.res.Digest {
		z.cut, z.best = cut, best
		return
	}
	z.held()
}

// shrink tells the smallest failing run of a simulation that has failed, and adds
// it to the bundle, with its picture beside it.
func (p *play) shrink(res *Result) {
	shrunk, err := p.shrinkTo()
	if err != nil {
		fmt.Fprintln(p.t.Output(), err)
		return
	}
	fmt.Fprintln(p.t.Output(), shrunk)
	picture, err := shrunk.keep(res.Bundle)
	if err != nil {
		p.t.Logf("simcity: the smallest run could not be kept with the bundle: %v", err)
		return
	}
	fmt.Fprintln(p.t.Output(), "  as a picture:", picture)
}

// String is the smallest run for people.
func (s *Shrunk) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "simcity shrunk seed %d from %s to %d, %s, in %s; it fails by %s\n\n",
		s.Cut.Seed, counted(s.Before, "citizen"), s.After, counted(len(s.Cut.Held), "stop")+" held back", counted(s.Runs, "run"), s.Result.class())
	if s.Unfinished != "" {
		fmt.Fprintf(&b, "  Unfinished: %s\n\n", s.Unfinished)
	}
	b.WriteString(s.Timeline.String())
	if s.Cause != nil {
		fmt.Fprintf(&b, "\n  Cause: %s\n", s.Cause)
	}
	b.WriteString("\n  A test that fails until the bug is mended, to be pasted beside the one that failed:\n\n")
	b.WriteString(s.Test)
	return b.String()
}

// test is a Go test that reproduces the cut by calling the test that failed. Class
// is what it fails by.
func (c *Cut) test(name, class string) string {
	top, sub, _ := strings.Cut(name, "/")
	var b strings.Builder
	fmt.Fprintf(&b, "func %sSeed%d%s(t *testing.T) {\n\tsimcity.Reproduce(t, simcity.Cut{\n", top, c.Seed, camel(class))
	fmt.Fprintf(&b, "\t\tScenario: %q, Seed: %d, Until: %d, // %s\n", c.Scenario, c.Seed, int64(c.Until), c.Until.Round(time.Millisecond))
	fmt.Fprintf(&b, "\t\tCitizens: %s,\n", literal(c.Citizens))
	if c.Explore.String() != "" {
		fmt.Fprintf(&b, "\t\tExplore: simcity.Explore{%s}, // %s\n", c.Explore.fields(), c.Explore)
	}
	if len(c.Faults) > 0 {
		fmt.Fprintf(&b, "\t\tFaults: %s,\n", literal(c.Faults))
	}
	switch {
	case c.Drawn:
		b.WriteString("\t\tDrawn: true, // another order once the app takes other locks: shrink again then\n")
	case len(c.Held) > 0:
		fmt.Fprintf(&b, "\t\tHeld: %s,\n", literal(c.Held))
		if c.Draw > 0 {
			fmt.Fprintf(&b, "\t\tDraw: %d,\n", c.Draw)
		}
	}
	if c.Rule != "" {
		fmt.Fprintf(&b, "\t\tRule: %q,\n", c.Rule)
	}
	if c.Locks {
		b.WriteString("\t\tLocks: true, // go test " + overlayWords + "\n")
	}
	if sub != "" {
		fmt.Fprintf(&b, "\t\tSub: %q,\n", sub)
	}
	b.WriteString("\t})\n")
	fmt.Fprintf(&b, "\t%s(t)\n}\n", top)
	text, err := format.Source([]byte(b.String()))
	if err != nil {
		return b.String() // a name that is no Go: better than nothing
	}
	return string(text)
}

// camel makes words one: never_oversold becomes NeverOversold.
func camel(text string) string {
	var b strings.Builder
	for word := range strings.FieldsFuncSeq(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		r, size := utf8.DecodeRuneInString(word)
		b.WriteString(string(unicode.ToUpper(r)) + word[size:])
	}
	return b.String()
}

func literal(list []string) string {
	quoted := make([]string, len(list))
	for i, item := range list {
		quoted[i] = fmt.Sprintf("%q", item)
	}
	return "[]string{" + strings.Join(quoted, ", ") + "}"
}
