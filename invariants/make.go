package invariants

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/bookiji/simcity/simcity"
)

// Always is a rule of your own that every operation must keep: look returns an
// error if one does not. It is called for each operation as it ends and must not
// change it. Critical, needs 1 operation.
func Always(name string, look func(*simcity.Operation) error) simcity.Invariant {
	return simcity.Invariant{
		Name: name, Doc: name + " holds for every operation", When: simcity.Always,
		Begin: func(*simcity.World) simcity.Check {
			var looks, broken int64
			return simcity.Check{
				Operation: func(op *simcity.Operation) *simcity.Breach {
					looks++
					err := look(op)
					if err == nil {
						return nil
					}
					broken++
					return because(name, err)
				},
				Judge: func() simcity.Judgement { return none("operations that break it", broken, looks, 1) }, Anytime: true,
			}
		},
	}
}

// AtEnd is a rule of your own about the end of the run: look sees the snapshot
// of the last tick and returns an error if it is not as it must be. Critical,
// needs 1 tick.
func AtEnd(name string, look func(*simcity.Snapshot) error) simcity.Invariant {
	return simcity.Invariant{
		Name: name, Doc: name + " holds at the end", When: simcity.AtEnd,
		Begin: func(*simcity.World) simcity.Check {
			var ticks int64
			var last simcity.Snapshot
			return simcity.Check{
				Tick: func(s *simcity.Snapshot) *simcity.Breach {
					ticks++
					last = *s
					return nil
				},
				Judge: func() simcity.Judgement {
					j := simcity.Judgement{Got: "kept", Want: name + " to hold", Samples: ticks, Needs: 1}
					if ticks == 0 {
						j.Got = "no tick"
						return j
					}
					if err := look(&last); err != nil {
						j.Got, j.Breach = err.Error(), because(name, err)
					}
					return j
				},
			}
		},
	}
}

// Threshold is an SLO of your own: the metric of the last snapshot of each
// steady phase compares to the bound by op, which is one of < <= > >= == !=. A
// metric that is NaN, as [simcity.Snapshot.Gauge] gives for a name that nobody told,
// had no data in that snapshot. Steady, critical, needs 1
// snapshot with data; set When to [simcity.AtEnd] to judge the end alone. It
// panics on another op.
func Threshold(name string, metric func(*simcity.Snapshot) float64, op string, bound float64, unit string) simcity.Invariant {
	keeps, ok := comparisons[op]
	if !ok {
		panic(fmt.Sprintf("invariants: Threshold %q compares by %q; allowed: < <= > >= == !=", name, op))
	}
	want := fmt.Sprintf("%s %s", op, amount(bound, unit))
	return simcity.Invariant{
		Name: name, Doc: name + " " + want, When: simcity.Steady,
		Begin: func(*simcity.World) simcity.Check {
			var looks int64
			var last float64
			return simcity.Check{
				Tick: func(s *simcity.Snapshot) *simcity.Breach {
					if value := metric(s); !math.IsNaN(value) {
						looks++
						last = value
					}
					return nil
				},
				Judge: func() simcity.Judgement {
					return steady(simcity.Judgement{
						Got: amount(last, unit), Want: want, Value: last, Bound: bound, Samples: looks, Needs: 1,
					}, !keeps(last, bound), "")
				},
				Restart: func() { looks, last = 0, 0 }, Anytime: true,
			}
		},
	}
}

var comparisons = map[string]func(a, b float64) bool{
	"<":  func(a, b float64) bool { return a < b },
	"<=": func(a, b float64) bool { return a <= b },
	">":  func(a, b float64) bool { return a > b },
	">=": func(a, b float64) bool { return a >= b },
	"==": func(a, b float64) bool { return a == b },
	"!=": func(a, b float64) bool { return a != b },
}

func amount(value float64, unit string) string {
	if unit == "" {
		return fmt.Sprintf("%.6g", value)
	}
	return fmt.Sprintf("%.6g %s", value, unit)
}

// Probe is the host's own word: ask is called once per tick and at the end, for
// instance with a query for double bookings, and returns an error if something
// is wrong. What stays wrong is told once. A panic of ask counts as its error.
// The citizens wait meanwhile, so ask must not wait for them. Always, critical,
// needs 1 look.
func Probe(name string, ask func(ctx context.Context, w *simcity.World) error) simcity.Invariant {
	return simcity.Invariant{
		Name: name, Doc: "the host says that " + name + " holds", When: simcity.Always,
		Begin: func(w *simcity.World) simcity.Check {
			var looks, broken int64
			wrong := false
			look := func() *simcity.Breach {
				err := asked(ask, w)
				if errors.Is(err, simcity.ErrOver) {
					return nil // cut short by the end of the run, at which it is asked again
				}
				looks++
				before := wrong
				wrong = err != nil
				if err == nil {
					return nil
				}
				broken++
				if before {
					return nil
				}
				return because(name, err)
			}
			return simcity.Check{
				Tick: func(*simcity.Snapshot) *simcity.Breach { return look() },
				Judge: func() simcity.Judgement {
					last := look()
					j := none("looks that found it broken", broken, looks, 1)
					j.Breach = last
					return j
				},
			}
		},
	}
}

func asked(ask func(context.Context, *simcity.World) error, w *simcity.World) (err error) {
	defer func() {
		if value := recover(); value != nil {
			err = fmt.Errorf("the probe panicked: %v", value)
		}
	}()
	return ask(context.Background(), w)
}

func because(name string, err error) *simcity.Breach {
	return &simcity.Breach{Got: err.Error(), Want: name + " to hold"}
}

// Warn is inv with the severity of a warning: reported, but not failing the run.
func Warn(inv simcity.Invariant) simcity.Invariant {
	inv.Severity = simcity.Warning
	return inv
}

// Named is inv under another name, so that one rule can be there twice with
// different bounds.
func Named(inv simcity.Invariant, name string) simcity.Invariant {
	inv.Name = name
	return inv
}
