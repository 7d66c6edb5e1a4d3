package invariants

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bookiji/simcity/simcity"
)

// TenantIsolation is "tenant_isolation": nobody is shown what belongs to
// somebody else, faults or not. A Saw fact whose Holder is not its Of is a
// violation. It is [Isolation] for cities with faults that lay data open on
// purpose: there the host is expected to notice and to mend itself, and what is
// shown until then is excused. Excused are operations that were under way at
// most healing after a fault of an excused kind began; zero means 10 minutes, no
// kinds mean RLS_MISCONFIG, and the kind "" excuses nothing.
//
// Its judgement tells how many looks each kind exposed and for how long after it
// began, which is the measured effect of the fault. Always, critical; samples
// are Saw and Denied facts, needs 10. It is not in the [Catalogue], because not
// every city has agents that look.
func TenantIsolation(healing time.Duration, excused ...string) simcity.Invariant {
	return tenantIsolation(faultsIn, healing, excused)
}

func tenantIsolation(faults struckBy, healing time.Duration, excused []string) simcity.Invariant {
	if healing == 0 {
		healing = 10 * time.Minute
	}
	excused = orRLS(excused)
	return simcity.Invariant{
		Name: "tenant_isolation", When: simcity.Always,
		Doc: fmt.Sprintf("nobody is shown what belongs to somebody else, but within %s of %s", brief(healing), strings.Join(excused, ", ")),
		Begin: func(w *simcity.World) simcity.Check {
			t := &tenants{faults: faults, world: w, healing: healing, excused: excused}
			return simcity.Check{Operation: t.operation, Judge: t.judge}
		},
	}
}

type tenants struct {
	faults         struckBy
	world          *simcity.World
	healing        time.Duration
	excused        []string
	samples, found int64
	exposures      []exposure // one per kind that exposed something
}

// An exposure is what faults of a kind laid open until the host had healed.
type exposure struct {
	kind  string
	looks int64
	until time.Duration // the last look, since the fault began; the worst of all faults
}

func (t *tenants) operation(op *simcity.Operation) (breach *simcity.Breach) {
	var excuse *simcity.FaultWindow
	asked := false // of one operation it is the same for all
	for i := range op.Facts {
		f := &op.Facts[i]
		if f.Kind != simcity.Saw && f.Kind != simcity.Denied {
			continue
		}
		t.samples++
		if !foreign(f) {
			continue
		}
		if !asked {
			excuse, asked = t.excuse(op), true
		}
		if excuse != nil {
			t.exposed(excuse.Kind, op.End-excuse.Begun)
			continue
		}
		t.found++
		breach = &simcity.Breach{
			Got: fmt.Sprintf("%s was shown %s of %s", f.Holder, f.ID, f.Of), Want: "only what is one's own", Detail: f.Detail,
		}
	}
	return breach
}

// foreign reports whether a fact is a look at what belongs to somebody else.
func foreign(f *simcity.Fact) bool {
	return f.Kind == simcity.Saw && f.Of != "" && f.Of != f.Holder
}

// excuse is the latest fault that the host need not have healed yet, or nil.
func (t *tenants) excuse(op *simcity.Operation) *simcity.FaultWindow {
	for _, w := range slices.Backward(t.faults(t.world)) {
		if slices.Contains(t.excused, w.Kind) && w.Begun <= op.End && op.Start <= w.Begun+t.healing {
			return &w
		}
	}
	return nil
}

func (t *tenants) exposed(kind string, until time.Duration) {
	i := slices.IndexFunc(t.exposures, func(e exposure) bool { return e.kind == kind })
	if i < 0 {
		i = len(t.exposures)
		t.exposures = append(t.exposures, exposure{kind: kind})
	}
	e := &t.exposures[i]
	e.looks++
	e.until = max(e.until, until)
}

func (t *tenants) judge() simcity.Judgement {
	j := none("looks at foreign data", t.found, t.samples, 10)
	for _, e := range t.exposures {
		j.Got += fmt.Sprintf("; excused: %d under %s, the last %s after it began", e.looks, e.kind, brief(e.until))
	}
	return j
}

// brief is a duration without its zeros: "6m", "1h30m".
func brief(d time.Duration) string {
	text := d.Round(time.Second).String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
