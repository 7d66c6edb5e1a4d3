package simcity

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bookiji/simcity/internal/locks"
)

// A play is a simulation under go test: settings, repetition for verification,
// and what is told of it.
type play struct {
	simulation Simulation
	t          testing.TB
	settings   settings
	bundle     *Bundle  // to be replayed, or nil
	viewer     Viewer   // shows the run, or nil
	shown      *showing // the run that it shows, until it is told
}

func newPlay(s *Simulation, t testing.TB) (*play, error) {
	t.Helper()
	p := &play{simulation: *s, t: t}
	var err error
	if interrupted.Load() {
		return nil, errors.New("simcity: the process was told to end: no further run begins")
	}
	if p.settings, err = environment(); err != nil {
		return nil, err
	}
	p.obeySettings()
	for _, prepare := range []func() error{
		p.openBundle, p.validate, p.livesElsewhere, p.mayVerify, p.openTelemetry, p.openViewer, p.enoughTime,
	} {
		if err := prepare(); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// obeySettings lets the environment override the builder.
func (p *play) obeySettings() {
	if p.simulation.fuzzed { // its input decides
		p.settings.seed, p.settings.drawn, p.settings.seeds, p.settings.shrink = nil, false, nil, false
	}
	p.simulation.overlaid = p.settings.overlaid
	if p.settings.seed != nil {
		p.simulation.seed = *p.settings.seed
	}
	if p.settings.explore != nil {
		p.simulation.explore = *p.settings.explore
	}
	if p.settings.speed > 0 {
		p.simulation.speed = p.settings.speed
	}
}

// replayed has the tests that have come to the simulation of the bundle.
var replayed sync.Map

// openBundle reads the run that is to be replayed, if one is and it is of this
// simulation.
func (p *play) openBundle() error {
	if p.settings.replay == "" {
		return nil
	}
	bundle, err := ReadBundle(p.settings.replay)
	if err != nil {
		return err
	}
	mine, err := bundle.of(p.t.Name())
	if err != nil {
		return err
	}
	if !mine {
		p.t.Skipf("simcity: %s holds a run of %s, not of this test", envReplay, bundle.Test)
	}
	if bundle.Result.Scenario != p.simulation.scenario.Name { // another scenario of the same test
		p.t.Cleanup(func() {
			if _, ok := replayed.Load(p.t.Name()); !ok {
				p.t.Errorf("simcity: %s holds a run of scenario %s, which this test did not run: nothing was replayed", envReplay, bundle.Result.Scenario)
			}
		})
		return nil
	}
	replayed.Store(p.t.Name(), true)
	p.bundle, p.simulation.seed = bundle, bundle.Result.Seed
	if bundle.Explore != nil && p.settings.explore == nil {
		p.simulation.explore = *bundle.Explore
	}
	return nil
}

// validate validates the simulation, or the part of it that the test reproduces.
func (p *play) validate() error {
	if cut := cutOf(p.t.Name(), p.simulation.scenario.Name); cut != nil {
		p.simulation.cut, p.simulation.seed = cut, cut.Seed
	}
	return p.simulation.Validate()
}

// mayVerify refuses to compare runs that do not repeat.
func (p *play) mayVerify() error {
	switch {
	case !p.settings.verify:
	case p.simulation.explore.Order == Free:
		return &FieldError{Field: envVerify, Value: "1", Allowed: "an order that repeats", Fix: "a free run does not repeat: unset it"}
	case p.simulation.clock.inner.HostTimeIsReal():
		return &FieldError{Field: envVerify, Value: "1", Allowed: "a Virtual clock", Fix: "a run on real time does not repeat exactly: unset it, or leave this test out with -run"}
	}
	return nil
}

// openViewer opens what shows runs, if the environment names an address.
func (p *play) openViewer() (err error) {
	if p.settings.ui != "" {
		p.viewer, err = openViewer(p.settings.ui)
	}
	return err
}

// openTelemetry opens the store that the environment names, for this test.
func (p *play) openTelemetry() error {
	if p.settings.telemetry == "" {
		return nil
	}
	reporter, err := openTelemetry(p.settings.telemetry)
	if err != nil {
		return err
	}
	p.simulation.reporter = reporter
	p.t.Cleanup(func() {
		if err := closeReporter(reporter); err != nil {
			p.t.Errorf("simcity: closing the telemetry's store: %v", err)
		}
	})
	return nil
}

// enoughTime refuses a paced run that the test's deadline would cut off.
func (p *play) enoughTime() error {
	clock := p.simulation.clock.inner
	test, ok := p.t.(interface{ Deadline() (time.Time, bool) })
	if clock.Name() != "paced" || !ok {
		return nil
	}
	deadline, limited := test.Deadline()
	if !limited {
		return nil
	}
	scenario := p.simulation.scenario.withDefaults()
	factor := clock.Factor()
	if factor == 0 {
		factor = scenario.Compression
	}
	needs := time.Duration(float64(scenario.Duration)/factor) + time.Minute
	left := time.Until(deadline)
	if needs <= left {
		return nil
	}
	return &FieldError{
		Field: "-timeout", Value: left.Round(time.Second).String() + " left",
		Allowed: "at least " + needs.Round(time.Second).String(),
		Fix: fmt.Sprintf("a paced run of %s at %gx takes %s of real time: run go test with -timeout %s",
			scenario.Duration, factor, (needs - time.Minute).Round(time.Second), (needs + 2*time.Minute).Round(time.Minute)),
	}
}

func (p *play) perform() *Result {
	ordinal := nextOrdinal(p.t)
	switch {
	case p.settings.worker == ordinal:
		p.obeySweep()
	case p.settings.worker > 0: // another simulation of the worker's test
	case len(p.settings.seeds) > 0 && p.simulation.cut == nil && isTest(p.t): // a cut has its seed, and a benchmark its own way
		seeds := p.settings.shard.part(p.settings.seeds)
		if len(seeds) == 0 {
			p.t.Skipf("simcity: this machine's part of the sweep, %d/%d, has no seed", p.settings.shard.index, p.settings.shard.of)
		}
		return (&sweep{play: p, seeds: seeds, workers: p.settings.workers, ordinal: ordinal}).run()
	}
	p.tellDrawn()
	defer func() { p.conclude(nil) }()
	res := p.tell(p.judgeSeed())
	p.conclude(res)
	switch {
	case !p.settings.shrink:
	case res.Verdict == Fail && p.simulation.cut == nil:
		p.shrink(res)
	default:
		fmt.Fprintf(p.t.Output(), "simcity note: %s=1 has nothing to do: the run is %s\n", envShrink, res.Verdict)
	}
	return res
}

// tellDrawn tells a random seed before the run begins: a goroutine of the host that
// panics ends the process, with what the test has written.
func (p *play) tellDrawn() {
	if p.settings.drawn && p.simulation.cut == nil {
		fmt.Fprintf(os.Stderr, "simcity: a random seed; repeat it:  %s\n", p.repro(p.simulation.seed))
	}
}

func isTest(t testing.TB) bool {
	_, benchmark := t.(*testing.B)
	return !benchmark
}

// judgeSeed runs the simulation with its seed, twice if that is asked for.
func (p *play) judgeSeed() *Result {
	var first recording
	keep := p.settings.verify || p.bundle != nil
	var commands []Command
	if p.bundle != nil {
		commands = p.bundle.Result.Commands
	}
	failed, skipped := p.t.Failed(), p.t.Skipped()
	res := p.once(&first, keep, commands)
	switch {
	case p.t.Failed() && !failed:
		text := "a life, a rule or the host failed the test while the run went on (t.Error, t.Fatal or an assertion): what it said is in the test's log"
		if raceFlag != "" {
			text += "; or the race detector did: see " + dataRace + " there"
		}
		res.object(FindingTest, FailFinding, text)
	case p.t.Skipped() && !skipped:
		res.object(FindingTest, InconclusiveFinding, "a life, a rule or the host skipped the test while the run went on: let it end its life instead")
	}
	p.compareRuns(res, first)
	res.Repro = p.repro(res.Seed)
	if p.bundle != nil {
		res.Repro = p.command(envReplay + "=" + inShell(p.settings.replay) + " ")
	}
	if p.settings.verify {
		res.Repro = envVerify + "=1 " + res.Repro
	}
	return res
}

// compareRuns compares the run with another of its seed, if that is asked for, and with
// the bundle that it replays. Where a signal has stopped one of them there is nothing to
// compare.
func (p *play) compareRuns(res *Result, first recording) {
	if p.settings.verify && !interrupted.Load() {
		var second recording
		p.simulation.reporter, p.viewer = nil, nil // one history is enough
		if again := p.once(&second, true, res.Commands); interrupted.Load() {
			res.object(FindingDoubt, InconclusiveFinding, "not verified: a signal stopped the second run")
		} else {
			p.compare(res, again, first, second)
		}
	}
	if p.bundle != nil && !interrupted.Load() {
		p.compareWithBundle(res, first)
	}
}

// object adds what was found when the run was over to its verdict.
func (r *Result) object(kind FindingKind, severity FindingSeverity, text string) {
	r.Findings = append(r.Findings, Finding{Kind: kind, Severity: severity, Text: text})
	r.Reasons = append([]string{text}, r.Reasons...)
	switch {
	case severity == FailFinding:
		r.Verdict = Fail
	case r.Verdict == Pass:
		r.Verdict = Inconclusive
	}
}

// repro is the command that repeats a seed of this test, or the inputs of a fuzzer.
func (p *play) repro(seed uint64) string {
	if p.simulation.fuzzed {
		return p.command("")
	}
	return p.command(envSeed + "=" + utoa(seed) + " ")
}

// command runs this test with settings, and explores as this process does.
func (p *play) command(settings string) string {
	command := settings + goTest(p.t.Name())
	if mode := p.settings.exploreMode; mode != "" {
		command = envExplore + "=" + mode + " " + command
	}
	if packages := p.settings.overlaid.packages; len(packages) > 0 {
		command = envPackages + "=" + strings.Join(packages, ",") + " " + command
	}
	if locks.Active() { // a run without the overlay is another one, and must not pass for this
		on := "1"
		if p.settings.overlaid.off {
			on = "0"
		}
		command = envOverlay + "=" + on + " " + command
	}
	return command
}

// tell writes the verdict and, unless it is PASS, the bundle.
func (p *play) tell(res *Result) *Result {
	p.t.Attr("simcity.seed", utoa(res.Seed))
	p.t.Attr("simcity.digest", res.Digest.String())
	p.t.Attr("simcity.verdict", string(res.Verdict))
	res.fuzzed = p.simulation.fuzzed
	if res.Verdict != Pass {
		if path, err := writeBundle(p.t, res, p.simulation.explore, p.bundle != nil); err != nil {
			p.t.Logf("simcity: the bundle could not be written: %v", err)
		} else {
			res.Bundle = path
		}
	}
	fmt.Fprintln(p.t.Output(), res.Line())
	for _, note := range append(res.notes(), res.blindness()...) {
		fmt.Fprintln(p.t.Output(), quoted("simcity note: "+note))
	}
	return res
}

// once runs the simulation one time, with the commands of an earlier run.
func (p *play) once(rec *recording, keep bool, commands []Command) *Result {
	s := p.simulation
	if keep {
		s.watchers = append(slices.Clone(s.watchers), rec.take)
	}
	if p.settings.debug {
		s.watchers = append(slices.Clone(s.watchers), func(e Event) {
			fmt.Fprintf(p.t.Output(), "%8d %-14s %-16s %-15s %s\n", e.Index, e.At, e.Actor, e.Type, e.Payload)
		})
	}
	r := newRun(&s, s.seed, commands)
	_ = p.t.Context().Done() // made here, since the test closes it: one that a host makes in the bubble it may not
	if err := r.announce(p.show(r, s.reporter)); err != nil {
		p.t.Fatal(err)
	}
	if s.clock.inner.Name() == "virtual" {
		defer p.takeProcess(r)()
	}
	if s.clock.inner.HostTimeIsReal() || p.settings.worker == 0 && !s.fuzzed { // what is brief ends by itself
		defer heedSignals("the run stops and undoes its faults", r.steering.stop)()
	}
	res := r.play(s.patience)
	r.deliver(res)
	return res
}
