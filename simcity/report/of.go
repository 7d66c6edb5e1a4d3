package report

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/bookiji/simcity/simcity"
)

// listMost is how many rows of a kind a summary has.
const listMost = 100

// Of sums up a report. Secrets are concealed by what they look like (tokens of
// known issuers, bearers, addresses with users or with tokens in their query) and
// by value: those of the process's environment variables whose names say that they
// are secret, such as ..._TOKEN, from 12 characters on.
func Of(r simcity.Report) *Summary {
	s := OfResult(r.Result)
	s.Test, s.Package = line(r.Test, nameMost), line(r.Package, nameMost)
	if s.File = line(place(r.File, r.Module, repository(r.Module)), nameMost); s.File != "" {
		s.Line = r.Line
	}
	return s
}

// OfResult sums up a result of [simcity.Simulation.Simulate] or of a
// [simcity.Running].
func OfResult(res *simcity.Result) *Summary {
	s := &Summary{
		Version: Version, Verdict: string(res.Verdict), Signature: line(res.Signature(), textMost),
		Scenario: line(res.Scenario, nameMost), Seed: res.Seed, Clock: line(res.Clock, nameMost), Explored: line(res.Explored, nameMost),
		Simulated: Seconds(res.Simulated), Wall: Seconds(res.Wall),
		Citizens: res.Citizens, Operations: res.Operations, Events: res.Events,
		Digest: res.Digest.String(), Verified: res.Verified,
		Invariants: []Invariant{}, Repro: plain(res.Repro, textMost), Bundle: line(res.Bundle, textMost),
	}
	if res.Digest == (simcity.Digest{}) {
		s.Digest = "" // a process that died told none
	}
	for _, reason := range head(res.Reasons) {
		s.Reasons = append(s.Reasons, plain(reason, textMost))
	}
	if m := res.Metrics; m != nil {
		s.Outcomes = m.Outcomes
		s.Latency = Latency{Seconds(m.Latency.P50), Seconds(m.Latency.P95), Seconds(m.Latency.P99), Seconds(m.Latency.Max)}
	}
	for _, inv := range res.Invariants {
		s.Invariants = append(s.Invariants, invariantOf(inv))
	}
	for _, v := range head(res.Violations) {
		told := violationOf(v)
		s.Violations = append(s.Violations, told)
		for i := range s.Invariants { // a run that ended there has no judgement of it
			if inv := &s.Invariants[i]; inv.Name == told.Invariant && inv.Got == "" {
				inv.Got, inv.Want = line(told.Got, textMost), line(told.Want, textMost)
			}
		}
	}
	for _, f := range head(res.Findings) {
		s.Findings = append(s.Findings, Finding{string(f.Kind), f.Severity.String(), line(f.Actor, nameMost), Seconds(f.At), plain(f.Text, textMost), plain(f.Stack, stackMost)})
	}
	for _, f := range head(res.Faults) {
		s.Faults = append(s.Faults, Fault{line(f.Kind, nameMost), line(f.Actor, nameMost), Seconds(f.Begun), Seconds(f.Ended), f.Active, f.Touched})
	}
	for _, p := range res.Curve {
		s.Curve = append(s.Curve, pointOf(p))
	}
	s.Sweep = sweepOf(res.Sweep)
	return s
}

func invariantOf(inv simcity.InvariantResult) Invariant {
	j := inv.Judgement
	return Invariant{
		Name: line(inv.Name, nameMost), When: inv.When.String(), Severity: inv.Severity.String(), Status: string(inv.Status), Violations: inv.Violations,
		Got: line(j.Got, textMost), Want: line(j.Want, textMost), Value: j.Value, Bound: j.Bound,
		Samples: j.Samples, Needs: j.Needs, Exempt: line(j.Exempt, textMost),
	}
}

func violationOf(v simcity.Violation) Violation {
	told := Violation{
		Invariant: line(v.Invariant, nameMost), Severity: v.Severity.String(), At: Seconds(v.At), Event: v.Index,
		Got: plain(v.Got, textMost), Want: plain(v.Want, textMost), Detail: plain(v.Detail, textMost),
	}
	if op := v.Operation; op != nil {
		told.Citizen = line(op.Citizen, nameMost)
		told.Operation = line(strings.TrimSpace(fmt.Sprintf("%s -> %s %s", op.Name, op.Outcome, status(op.Status))), nameMost)
	}
	for _, fault := range head(v.Faults) {
		told.Faults = append(told.Faults, line(fault, nameMost))
	}
	return told
}

// status is an HTTP status, or nothing.
func status(code int) string {
	if code == 0 {
		return ""
	}
	return fmt.Sprint(code)
}

func pointOf(p simcity.Point) Point {
	return Point{Seconds(p.At), p.Citizens, p.Operations, p.Errors, Seconds(p.P95), Seconds(p.P99), p.DriftMillis}
}

func sweepOf(sweep *simcity.Sweep) *Sweep {
	if sweep == nil {
		return nil
	}
	groups := func(all []simcity.FailureGroup) (told []Group) {
		for _, g := range head(all) {
			told = append(told, Group{line(g.Signature, textMost), string(g.Verdict), g.Seeds, g.First, plain(g.Reason, textMost), g.New, plain(g.Repro, textMost)})
		}
		return told
	}
	return &Sweep{sweep.Seeds, sweep.Planned, sweep.Passed, sweep.Failed, groups(sweep.Groups), groups(sweep.Resolved)}
}

// head is as much of a list as a summary tells.
func head[T any](all []T) []T { return all[:min(len(all), listMost)] }

// repository is the root of the module's repository: what the CI service says, or
// the nearest folder with a .git.
func repository(module string) string {
	if workspace := os.Getenv("GITHUB_WORKSPACE"); workspace != "" {
		return workspace
	}
	for dir := module; dir != ""; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, ".git")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			return ""
		}
	}
	return ""
}
