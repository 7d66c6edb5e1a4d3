package simcity

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"testing/cryptotest"
	"testing/synctest"
	"time"
)

// A play is a simulation under go test: settings, repetition for verification,
// and what is told of it.
type play struct {
	simulation Simulation
	t          testing.TB
	settings   settings
	bundle     *Bundle // to be replayed, or nil
}

func newPlay(s *Simulation, t testing.TB) (*play, error) {
	p := &play{simulation: *s, t: t}
	var err error
	if p.settings, err = environment(); err != nil {
		return nil, err
	}
	if p.settings.seed != nil {
		p.simulation.seed = *p.settings.seed
	}
	if p.settings.replay != "" {
		if p.bundle, err = ReadBundle(p.settings.replay); err != nil {
			return nil, err
		}
		if p.bundle.Test != t.Name() {
			t.Skipf("simcity: %s holds a run of %s, not of this test", envReplay, p.bundle.Test)
		}
		if p.bundle.Result.Scenario == s.scenario.Name {
			p.simulation.seed = p.bundle.Result.Seed
		} else {
			p.bundle = nil // another scenario of the same test
		}
	}
	if err := p.simulation.Validate(); err != nil {
		return nil, err
	}
	return p, p.enoughTime()
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
	var first recording
	keep := p.settings.verify || p.bundle != nil
	res := p.once(&first, keep)
	if p.settings.verify {
		var second recording
		p.compare(res, p.once(&second, keep), first, second)
	}
	if p.bundle != nil {
		p.compareWithBundle(res, first)
	}
	res.Repro = reproduction(p.t.Name(), res.Seed)
	p.t.Attr("simcity.seed", utoa(res.Seed))
	p.t.Attr("simcity.digest", res.Digest.String())
	p.t.Attr("simcity.verdict", string(res.Verdict))
	if res.Verdict != Pass {
		if path, err := writeBundle(p.t, res); err != nil {
			p.t.Logf("simcity: the bundle could not be written: %v", err)
		} else {
			res.Bundle = path
		}
	}
	fmt.Fprintln(p.t.Output(), res.Line())
	return res
}

// once runs the simulation one time.
func (p *play) once(rec *recording, keep bool) *Result {
	s := p.simulation
	if keep {
		s.watchers = append(slices.Clone(s.watchers), rec.take)
	}
	if p.settings.debug {
		s.watchers = append(slices.Clone(s.watchers), func(e Event) {
			fmt.Fprintf(p.t.Output(), "%8d %-14s %-16s %-15s %s\n", e.Index, e.At, e.Actor, e.Type, e.Payload)
		})
	}
	var commands []Command
	if p.bundle != nil {
		commands = p.bundle.Result.Commands
	}
	r := newRun(&s, s.seed, commands)
	if t, ok := p.t.(*testing.T); ok && s.clock.inner.Name() == "virtual" {
		if !seedCrypto(t, s.seed) {
			r.findings = append(r.findings, Finding{
				Kind: FindingRandom, Severity: NoteFinding,
				Text: "crypto/rand does not follow the seed in a parallel test: leave out t.Parallel if the host's tokens or ids matter",
			})
		}
	}
	return r.play(s.patience)
}

// seedCrypto makes crypto/rand follow the seed, so that the host's tokens and
// UUIDs repeat. It cannot in a parallel test.
func seedCrypto(t *testing.T, seed uint64) (ok bool) {
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	cryptotest.SetGlobalRandom(t, seed)
	return true
}

// play runs r, in a bubble if its clock is virtual, and watches that it moves.
//
// The bubble belongs to a testing.T of our own, zero but for that purpose, so
// that a run needs no test and a test's own state is not drawn into the bubble.
// Its root never returns while goroutines of a host that cannot stop are left:
// it then waits on a channel from outside the bubble, which freezes the bubble
// for good and lets the process go on.
func (r *run) play(patience time.Duration) *Result {
	takeBallast()
	began := time.Now()
	done := make(chan *Result, 1)
	never := make(chan struct{})
	if r.clock.inner.Name() != "virtual" {
		r.live()
		done <- r.result()
	} else {
		go func() {
			defer r.escaped(done)
			synctest.Test(&testing.T{}, func(*testing.T) {
				r.bubble.Store(bubbleHere())
				r.live()
				left := r.leftBehind()
				done <- r.result()
				if left {
					<-never
				}
			})
		}()
	}
	res := r.watch(done, patience)
	res.Wall = time.Since(began)
	return res
}

// escaped turns a panic of the bubble itself into a finding.
func (r *run) escaped(done chan<- *Result) {
	value := recover()
	if value == nil {
		return
	}
	r.freeze()
	text := fmt.Sprint(value)
	f := Finding{Kind: FindingPanic, Text: "panic in the run itself: " + text, Stack: string(debug.Stack())}
	if strings.Contains(text, "deadlock") {
		f = Finding{Kind: FindingHang, Text: "everything in the run is blocked for good " + r.phase() + ": " + text}
	}
	r.find(f)
	done <- r.result()
}

// leftBehind looks for goroutines that outlived the host. A host that has a
// Close promised that there are none.
func (r *run) leftBehind() bool {
	synctest.Wait()
	var left []goroutine
	here := bubbleHere()
	for _, g := range goroutines() {
		if g.bubble == here && g.reason != "running" && !strings.HasPrefix(g.reason, "synctest.Run") && !strings.Contains(g.stack, "testingSynctestTest(") {
			left = append(left, g)
		}
	}
	if len(left) == 0 {
		return false
	}
	f := Finding{Kind: FindingLeak, Severity: NoteFinding, Stack: joinStacks(left)}
	if len(r.closers) > 0 {
		f.Severity = FailFinding
		f.Text = fmt.Sprintf("%s outlived the host's Close, the first at %s", counted(len(left), "goroutine"), firstHostFrame(left[0].stack))
	} else {
		f.Text = fmt.Sprintf("%s of the host left behind, frozen; a Close() error method on the handler, or World.OnClose, would stop it", counted(len(left), "goroutine"))
	}
	r.find(f)
	return true
}

func counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// watch waits for the result, and gives up on a virtual run that does not move.
func (r *run) watch(done <-chan *Result, patience time.Duration) *Result {
	if r.clock.inner.Name() != "virtual" {
		return <-done
	}
	ticker := time.NewTicker(min(patience/4+1, 250*time.Millisecond))
	defer ticker.Stop()
	var position uint64
	moved := time.Now()
	for {
		select {
		case res := <-done:
			return res
		case <-ticker.C:
		}
		if now := r.position(); now != position {
			position, moved = now, time.Now()
			continue
		}
		if time.Since(moved) >= patience {
			return r.giveUp(patience)
		}
	}
}

// position changes whenever the run moves.
func (r *run) position() uint64 {
	position := r.progress.Load() << 48
	if c := r.conductorForWatch.Load(); c != nil {
		position += c.Steps()
	}
	return position
}

// giveUp makes a result of a run that hangs. Whoever holds the run's lock may be
// the one that hangs, so it is asked for, not waited for.
func (r *run) giveUp(patience time.Duration) *Result {
	r.freeze()
	var underway []string
	if c := r.conductorForWatch.Load(); c != nil {
		underway = c.Underway()
	}
	bubble, _ := r.bubble.Load().(string)
	f := hangFinding(bubble, underway, r.phase(), patience.String())
	for range 100 {
		if r.mu.TryLock() {
			r.mu.Unlock()
			r.find(f)
			return r.result()
		}
		time.Sleep(10 * time.Millisecond)
	}
	return &Result{
		Verdict: Inconclusive, Reasons: []string{f.Text}, Scenario: r.scenario.Name, Seed: r.seed,
		Clock: r.clock.String(), Findings: []Finding{f}, Metrics: &Snapshot{},
	}
}

func (r *run) phase() string {
	return [...]string{"while the target was built", "during the run", "while the run was wound up", "while the host closes", "after the end"}[min(r.progress.Load(), 4)]
}

// freeze makes the run's clock stand at its last event, for those who read it
// from outside the bubble.
func (r *run) freeze() { r.frozen.Store(true) }

// A recording keeps the events of a run, to be compared with another.
type recording struct{ events []Event }

func (rec *recording) take(e Event) { rec.events = append(rec.events, e) }

// compare adds a finding to res if the two runs of one seed differ.
func (p *play) compare(res, again *Result, first, second recording) {
	if res.Digest == again.Digest {
		return
	}
	for i := range max(len(first.events), len(second.events)) {
		if i < len(first.events) && i < len(second.events) && first.events[i].After == second.events[i].After {
			continue
		}
		res.disagree(fmt.Sprintf("two runs of seed %d differ from event %d on:\n      first:  %s\n      second: %s\n      "+
			"the cause lies before it: a select with several ready cases, map order, math/rand, or goroutines of the host that race",
			res.Seed, i, eventAt(first.events, i), eventAt(second.events, i)))
		return
	}
}

// compareWithBundle says whether the replayed run is the bundle's.
func (p *play) compareWithBundle(res *Result, replayed recording) {
	want := p.bundle.Result
	if res.Digest == want.Digest {
		return
	}
	for _, e := range want.LastEvents {
		if e.Index >= int64(len(replayed.events)) || replayed.events[e.Index].After != e.After {
			res.disagree(fmt.Sprintf("not reproducible: the replay differs from the bundle at event %d or before it:\n      bundle: %s\n      replay: %s",
				e.Index, eventText(e), eventAt(replayed.events, int(e.Index))))
			return
		}
	}
	if len(want.Violations) > 0 && res.Violation(want.Violations[0].Invariant) == nil {
		res.disagree(fmt.Sprintf("not reproducible: %s was not violated again", want.Violations[0].Invariant))
		return
	}
	res.disagree(fmt.Sprintf("not reproducible: the replay ends with digest %s, the bundle with %s; the events that the bundle holds are the same, so they differ after event %d",
		res.Digest, want.Digest, lastIndex(want.LastEvents)))
}

func lastIndex(events []Event) int64 {
	if len(events) == 0 {
		return 0
	}
	return events[len(events)-1].Index
}

func (r *Result) disagree(text string) {
	r.Findings = append(r.Findings, Finding{Kind: FindingDiffers, Text: text})
	r.Verdict = Fail
	r.Reasons = append([]string{text}, r.Reasons...)
}

func eventAt(events []Event, i int) string {
	if i >= len(events) {
		return "(the run had ended)"
	}
	return eventText(events[i])
}

func eventText(e Event) string {
	return fmt.Sprintf("%s %s %s %s", e.At, e.Actor, e.Type, compact(e.Payload))
}

// report tells the test how the run went, one subtest per invariant.
func (r *Result) report(t testing.TB) {
	t.Helper()
	if test, ok := t.(*testing.T); ok {
		for _, inv := range r.Invariants {
			test.Run(inv.Name, func(t *testing.T) { inv.report(t, r) })
		}
	}
	if r.Verdict != Pass {
		t.Error(r.Explain())
	}
}

func (inv InvariantResult) report(t *testing.T, r *Result) {
	v := r.Violation(inv.Name)
	switch {
	case v != nil && v.Severity == Critical:
		t.Errorf("at simulated %s, event %d: %s", v.At, v.Index, v.Breach.String())
	case v != nil:
		t.Logf("warning at simulated %s, event %d: %s", v.At, v.Index, v.Breach.String())
	case inv.Status == Unchecked && slices.ContainsFunc(r.Reasons, func(reason string) bool { return strings.Contains(reason, " "+inv.Name+" ") }):
		t.Errorf("not checked: %d samples, needs %d", inv.Judgement.Samples, max(inv.Judgement.Needs, 1))
	case inv.Status == Unchecked:
		t.Log("not judged")
	default:
		t.Logf("%s (want %s, %d samples)", inv.Judgement.Got, inv.Judgement.Want, inv.Judgement.Samples)
	}
}

var errNoModule = errors.New("no go.mod above the test's folder")

// reproduction is the command that repeats a test with a seed.
func reproduction(test string, seed uint64) string {
	dir, err := packageDir()
	if err != nil {
		dir = "."
	}
	parts := strings.Split(test, "/")
	for i, part := range parts {
		parts[i] = "^" + regexp.QuoteMeta(part) + "$"
	}
	pattern := strings.ReplaceAll(strings.Join(parts, "/"), "'", `'\''`)
	return fmt.Sprintf("%s=%d go test %s -run '%s'", envSeed, seed, dir, pattern)
}

// packageDir is the folder of the package under test, seen from its module's
// root: go test runs in that folder.
func packageDir() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	below := ""
	for root := dir; ; {
		if _, err := os.Stat(root + "/go.mod"); err == nil {
			if below == "" {
				return ".", nil
			}
			return "./" + below, nil
		}
		i := strings.LastIndexByte(root, '/')
		if i <= 0 {
			return "", errNoModule
		}
		below = strings.TrimSuffix(root[i+1:]+"/"+below, "/")
		root = root[:i]
	}
}
