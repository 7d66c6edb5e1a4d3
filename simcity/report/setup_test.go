package report_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/simcity"
)

// golden compares text with a file of testdata; SIMCITY_UPDATE=1 rewrites it.
func golden(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if os.Getenv("SIMCITY_UPDATE") == "1" {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "SIMCITY_UPDATE=1 writes it")
	require.Equal(t, string(want), text, "SIMCITY_UPDATE=1 rewrites %s", path)
}

// passed is a day on which all went well.
func passed() *simcity.Result {
	metrics := &simcity.Snapshot{
		At: 20 * time.Hour, Citizens: 12, Born: 169, Operations: 6789,
		Outcomes: map[string]int64{"ok": 6000, "conflict": 700, "rejected": 89, "error": 0},
		Latency:  simcity.TrendSummary{Count: 6789, P50: 12 * time.Millisecond, P95: 80 * time.Millisecond, P99: 212 * time.Millisecond, Max: time.Second},
	}
	res := &simcity.Result{
		Verdict: simcity.Pass, Scenario: "baseline", Seed: 7, Clock: "virtual",
		Simulated: 20 * time.Hour, Wall: 1310 * time.Millisecond, Citizens: 169, Operations: 6789, Events: 7369,
		Digest: simcity.Digest{0x46, 0xc0, 0xab, 0xed, 0x93, 0x42, 0xb8, 0xee}, Metrics: metrics,
		Repro: "SIMCITY_SEED=7 go test github.com/bookiji/simcity/examples/booking -run '^TestSimCityBaseline$'",
		Invariants: []simcity.InvariantResult{
			{Name: "api_p95", When: simcity.Steady, Status: simcity.Kept, Judgement: simcity.Judgement{Got: "80ms", Want: "less than 500ms", Value: 0.08, Bound: 0.5, Samples: 6789, Needs: 100}},
			{Name: "zero_double_bookings", Status: simcity.Kept, Judgement: simcity.Judgement{Got: "no breach", Want: "none", Samples: 412, Needs: 1}},
			{Name: "orchestrator_tick_drift", When: simcity.Steady, Severity: simcity.Warning, Status: simcity.Kept, Judgement: simcity.Judgement{Got: "not paced", Want: "less than 100 ms/s", Bound: 100, Exempt: "not paced"}},
		},
	}
	for i := range 48 {
		operations := int64(6789 * (i + 1) * (i + 1) / (48 * 48))
		res.Curve = append(res.Curve, simcity.Point{
			At: time.Duration(i+1) * 25 * time.Minute, Citizens: i % 24, Operations: operations,
			P95: time.Duration(20+i) * time.Millisecond, P99: time.Duration(100+2*i) * time.Millisecond,
		})
	}
	return res
}

// failed is the same day, with a double booking during a fault and a panic.
func failed() *simcity.Result {
	res := passed()
	res.Verdict, res.Simulated = simcity.Fail, 14*time.Hour
	v := simcity.Violation{
		Invariant: "zero_double_bookings", At: 14*time.Hour + 5*time.Minute, Index: 5071,
		Breach:    simcity.Breach{Got: "slot 2026-01-05 15:00 of vendor/3 acknowledged to rush/35 and rush/37", Want: "one holder per slot", Detail: "both were told 201"},
		Operation: &simcity.Operation{Citizen: "rush/37", Number: 4012, Name: "book", Outcome: simcity.OK, Status: 201},
		Faults:    []string{"LATENCY_SPIKE"},
	}
	slow := simcity.Violation{Invariant: "api_p95", Severity: simcity.Warning, At: 15 * time.Hour, Index: 5100, Breach: simcity.Breach{Got: "612ms", Want: "less than 500ms"}}
	res.Violations = []simcity.Violation{v, slow}
	res.Reasons = []string{"zero_double_bookings: " + v.Breach.String(), "panic in customer/9: out of beds"}
	res.Invariants[0].Status, res.Invariants[0].Violations = simcity.Violated, 4
	res.Invariants[1].Status, res.Invariants[1].Violations = simcity.Violated, 1
	res.Findings = []simcity.Finding{{Kind: simcity.FindingPanic, Actor: "customer/9", At: 14 * time.Hour, Text: "panic in customer/9: out of beds", Stack: "goroutine 7 [running]:\nmain.book(...)\n\t/app/book.go:12"}}
	res.Faults = []simcity.FaultWindow{{Actor: "fault/1", Kind: "LATENCY_SPIKE", Begun: 14 * time.Hour, Ended: 15 * time.Hour, Touched: 312}}
	res.Commands = []simcity.Command{{Kind: simcity.ChangePolicies, At: time.Hour, Index: 12, By: "operator", Policies: []byte(`{"cancelChance":0.3}`)}, {Kind: simcity.Stop, At: 20 * time.Hour, Index: 9120, By: "operator"}}
	res.LastEvents = []simcity.Event{{Index: 5070, At: 14 * time.Hour, Actor: "rush/37", Type: "operation", Payload: []byte(`{"operation":"book","outcome":"ok"}`)}}
	res.HostLog = []string{`level=WARN msg="slot taken" slot=42`}
	res.Bundle = "/tmp/simcity-bundles-1000/booking.json"
	return res
}

// undecided is a day on which too little happened.
func undecided() *simcity.Result {
	res := passed()
	res.Verdict = simcity.Inconclusive
	res.Reasons = []string{"invariant api_p95 was not checked: 3 samples, needs 100; run longer or busier, or list it in AllowEmpty", "population customer never acted: 0 citizens, no operation; let it arrive earlier or more often"}
	res.Invariants[0].Status, res.Invariants[0].Judgement.Samples = simcity.Unchecked, 3
	return res
}

// swept is a sweep whose first failure is that of failed.
func swept() *simcity.Result {
	res := failed()
	res.Sweep = &simcity.Sweep{
		Seeds: 1000, Planned: 1000, Passed: 986, Failed: 14, Rate: 31,
		Groups: []simcity.FailureGroup{
			{Signature: "zero_double_bookings at book under LATENCY_SPIKE", Verdict: simcity.Fail, Seeds: 13, First: 7, Reason: res.Reasons[0], New: true, Repro: res.Repro},
			{Signature: "crash: fatal error: concurrent map writes", Verdict: simcity.Fail, Seeds: 1, First: 411, Reason: "the seed's process failed: exit status 2: fatal error: concurrent map writes", Repro: strings.Replace(res.Repro, "=7", "=411", 1)},
		},
		Resolved: []simcity.FailureGroup{{Signature: "api_p99", Verdict: simcity.Fail, Seeds: 2, First: 12}},
	}
	return res
}

// nasty is text that an app may say to harm whoever reads it in a report.
const nasty = "\x1b[31mred\x1b[0m \x1b]8;;http://evil.example\x07link\x1b]8;;\x07 ::error title=x::gone\r\n::stop-commands::all\n##[error]legacy 100%0A | pipe \\| `tick` ```\n</code></summary><script>alert(1)</script><img src=x onerror=y> [a](http://evil.example) @everyone #12 <!channel> *bold* _it_ ~s~ --> <!-- \u202egnp.exe\u2066 \xff\xfe\x00 postgres://root:hunter2hunter2@db/x?sslmode=off https://x.example/?access_token=s3cr3t-s3cr3t&page=2 Authorization: Bearer abcdefgh.ijklmnop https://hooks.slack.com/services/T0/B0/XXXXXXXX ghp_0123456789abcdefghij {{.Secret}} ${{ secrets.X }}"

// hostile is a failed run whose every text is nasty and very long.
func hostile() *simcity.Result {
	res := failed()
	long := nasty + strings.Repeat(" and so on", 10_000)
	res.Scenario, res.Repro, res.Clock, res.Bundle = long, long, long, long
	res.Reasons, res.HostLog = []string{long, long}, []string{long}
	for i := range res.Invariants {
		res.Invariants[i].Name, res.Invariants[i].Judgement.Got, res.Invariants[i].Judgement.Want = long, long, long
	}
	for i := range res.Violations {
		v := &res.Violations[i]
		v.Invariant, v.Got, v.Want, v.Detail, v.Faults = long, long, long, long, []string{long}
	}
	res.Violations[0].Operation = &simcity.Operation{Citizen: long, Name: long}
	res.Findings[0].Actor, res.Findings[0].Text, res.Findings[0].Stack = long, long, long
	res.Faults[0].Kind, res.LastEvents[0].Actor, res.LastEvents[0].Payload = long, long, []byte(long)
	return res
}

// reported is a result as the publishers are told of it.
func reported(t *testing.T, res *simcity.Result) (simcity.Report, *bytes.Buffer) {
	t.Helper()
	module := t.TempDir()
	output := &bytes.Buffer{}
	return simcity.Report{
		Test: "TestSimCityBaseline", Package: "./examples/booking", Module: module,
		File: filepath.Join(module, "examples/booking/simcity_test.go"), Line: 42, Result: res, Output: output,
	}, output
}
