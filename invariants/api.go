package invariants

import (
	"fmt"
	"time"

	"github.com/bookiji/simcity/simcity"
)

// APIP95 is "api_p95_response_time": the 95th percentile (nearest rank) of the
// operations' Latency is below bound. Zero means 500 ms. Steady, critical,
// needs 100 operations in the phase.
func APIP95(bound time.Duration) simcity.Invariant {
	if bound == 0 {
		bound = 500 * time.Millisecond
	}
	return percentile("api_p95_response_time", 95, bound)
}

// APIP99 is "api_p99_response_time": like [APIP95] for the 99th percentile; zero
// means 1 s.
func APIP99(bound time.Duration) simcity.Invariant {
	if bound == 0 {
		bound = time.Second
	}
	return percentile("api_p99_response_time", 99, bound)
}

func percentile(name string, q float64, bound time.Duration) simcity.Invariant {
	return simcity.Invariant{
		Name: name, Doc: fmt.Sprintf("%.0f %% of operations take less than %v", q, bound), When: simcity.Steady,
		Begin: func(*simcity.World) simcity.Check {
			latency := simcity.NewTrend()
			return simcity.Check{
				Operation: func(op *simcity.Operation) *simcity.Breach {
					latency.Record(op.Latency)
					return nil
				},
				Judge: func() simcity.Judgement {
					got := latency.Percentile(q)
					return steady(simcity.Judgement{
						Got: got.String(), Want: "less than " + bound.String(),
						Value: millis(got), Bound: millis(bound),
						Samples: latency.Count(), Needs: 100,
					}, got >= bound, "")
				},
				Restart: latency.Reset, Anytime: true,
			}
		},
	}
}

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// APIErrorRate is "api_error_rate": the share of operations whose outcome is
// Failed is below bound, a fraction. Zero means 0.01, one per cent. Conflicts
// and rejections are no errors. Steady, critical, needs 100 operations in the
// phase.
func APIErrorRate(bound float64) simcity.Invariant {
	return proportion{
		name: "api_error_rate", of: "operations", what: "fail", bound: or(bound, 0.01), needs: 100,
		so: func(op *simcity.Operation) bool { return op.Outcome == simcity.Failed },
	}.below()
}

// A proportion is a rule of the share of certain operations of which something
// is so.
type proportion struct {
	name, of, what string
	bound          float64
	needs          int64
	among          func(*simcity.Operation) bool // nil: all
	so             func(*simcity.Operation) bool
}

func (p proportion) below() simcity.Invariant {
	return simcity.Invariant{
		Name: p.name, Doc: "fewer than " + percent(p.bound) + " of " + p.of + " " + p.what, When: simcity.Steady,
		Begin: func(*simcity.World) simcity.Check {
			var such, all int64
			var last string
			return simcity.Check{
				Operation: func(op *simcity.Operation) *simcity.Breach {
					if p.among != nil && !p.among(op) {
						return nil
					}
					all++
					if p.so(op) {
						such++
						last = op.Name
					}
					return nil
				},
				Judge: func() simcity.Judgement {
					rate := share(such, all)
					return steady(simcity.Judgement{
						Got: percent(rate), Want: "less than " + percent(p.bound), Value: rate, Bound: p.bound,
						Samples: all, Needs: p.needs,
					}, rate >= p.bound, fmt.Sprintf("%d of %d %s %s, the last was %q", such, all, p.of, p.what, last))
				},
				Restart: func() { such, all = 0, 0 }, Anytime: true,
			}
		},
	}
}

// or is standard where value is zero.
func or(value, standard float64) float64 {
	if value == 0 {
		return standard
	}
	return value
}

// steady adds a breach to a judgement that has enough samples to be one.
func steady(j simcity.Judgement, broken bool, detail string) simcity.Judgement {
	if broken && j.Samples >= j.Needs && j.Samples > 0 {
		j.Breach = &simcity.Breach{Got: j.Got, Want: j.Want, Detail: detail}
	}
	return j
}

func share(part, whole int64) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}

func percent(fraction float64) string { return fmt.Sprintf("%.4g %%", 100*fraction) }
