package invariants

import (
	"fmt"

	"github.com/bookiji/simcity/simcity"
)

// NoOrphanedReferences is "no_orphaned_references": the target accepts nothing
// that refers to what does not exist. Each Referred fact of an operation that
// did not fail is a violation. Agents try it in operations named attempt, ""
// meaning "book_unknown". Always, critical, needs 1 such operation, whatever
// its outcome.
func NoOrphanedReferences(attempt string) simcity.Invariant {
	if attempt == "" {
		attempt = "book_unknown"
	}
	return counted("no_orphaned_references", "nothing is accepted that refers to what does not exist",
		"orphaned references", 1, func(op *simcity.Operation) (samples int64, breach *simcity.Breach, breaches int64) {
			if op.Name == attempt {
				samples = 1
			}
			for i := range op.Facts {
				f := &op.Facts[i]
				if f.Kind != simcity.Referred || op.Outcome == simcity.Failed {
					continue
				}
				samples = 1
				breaches++
				breach = &simcity.Breach{
					Got:  fmt.Sprintf("%s accepted, which refers to %s", nameOr(f.ID, "an object"), nameOr(f.Of, "nothing")),
					Want: "refused, as nothing of that name exists", Detail: f.Detail,
				}
			}
			return samples, breach, breaches
		})
}

// IdempotentRetries is "idempotent_retries": a retry with the same idempotency
// key gets the first answer again. Each Repeated fact without Same is a
// violation. Always, critical, needs 5 retries that were answered.
func IdempotentRetries() simcity.Invariant {
	return counted("idempotent_retries", "a retry with the same idempotency key gets the first answer again",
		"retries answered differently", 5, func(op *simcity.Operation) (samples int64, breach *simcity.Breach, breaches int64) {
			if op.Outcome == simcity.Failed && op.Status == 0 {
				return 0, nil, 0
			}
			for i := range op.Facts {
				f := &op.Facts[i]
				if f.Kind != simcity.Repeated {
					continue
				}
				samples++
				if f.Same {
					continue
				}
				breaches++
				breach = &simcity.Breach{
					Got: "another answer to the retry with key " + f.ID, Want: "the first answer again", Detail: f.Detail,
				}
			}
			return samples, breach, breaches
		})
}

// Isolation is "no_foreign_data": nobody is shown what belongs to somebody
// else. A Saw fact whose Holder is not its Of is a violation. It is not in the
// [Catalogue], because not every city has agents that look. Always, critical,
// needs 10 looks.
func Isolation() simcity.Invariant {
	return counted("no_foreign_data", "nobody is shown what belongs to somebody else",
		"looks at foreign data", 10, func(op *simcity.Operation) (samples int64, breach *simcity.Breach, breaches int64) {
			for i := range op.Facts {
				f := &op.Facts[i]
				if f.Kind != simcity.Saw {
					continue
				}
				samples++
				if f.Of == "" || f.Of == f.Holder {
					continue
				}
				breaches++
				breach = &simcity.Breach{
					Got: fmt.Sprintf("%s was shown %s of %s", f.Holder, f.ID, f.Of), Want: "only what is one's own", Detail: f.Detail,
				}
			}
			return samples, breach, breaches
		})
}

// counted makes a rule over single operations that allows no breach.
func counted(name, doc, unit string, needs int64,
	look func(*simcity.Operation) (samples int64, breach *simcity.Breach, breaches int64),
) simcity.Invariant {
	return simcity.Invariant{
		Name: name, Doc: doc, When: simcity.Always,
		Begin: func(*simcity.World) simcity.Check {
			var samples, found int64
			return simcity.Check{
				Operation: func(op *simcity.Operation) *simcity.Breach {
					n, breach, breaches := look(op)
					samples += n
					found += breaches
					return breach
				},
				Judge: func() simcity.Judgement { return none(unit, found, samples, needs) },
			}
		},
	}
}
