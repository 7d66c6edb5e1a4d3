package chaos

import (
	"math/rand/v2"
	"time"

	"github.com/bookiji/simcity/simcity"
)

// RandomHTTP are faults of the HTTP level with drawn parameters, for requests
// whose path begins with pathPrefix. They strike a tenth to a half of them, so
// that the city goes on. Webhooks are left out, since only the host knows their
// path.
func RandomHTTP(pathPrefix string) []Choice {
	match := func(r *rand.Rand) Match { return Match{PathPrefix: pathPrefix, Share: float(r, 0.1, 0.5)} }
	return choices(
		func(r *rand.Rand) Maker { return Latency{Match: match(r), Delay: RandomDelay(r), When: side(r)} },
		func(r *rand.Rand) Maker {
			return Errors{Match: match(r), Status: one(r, 500, 502, 503, 504), When: side(r)}
		},
		func(r *rand.Rand) Maker { return ConnectionReset{Match: match(r), When: side(r)} },
		func(r *rand.Rand) Maker { return Timeout{Match: match(r), When: side(r)} },
		func(r *rand.Rand) Maker {
			return SlowBody{Match: match(r), Transfer: between(r, time.Second, 20*time.Second)}
		},
		func(r *rand.Rand) Maker { return TruncatedBody{Match: match(r), Keep: float(r, 0.1, 0.9)} },
		func(r *rand.Rand) Maker {
			return DuplicateDelivery{Match: match(r), Answer: one(r, FirstAnswer, SecondAnswer), Delay: between(r, 0, time.Second)}
		},
		func(r *rand.Rand) Maker {
			return Reordered{Match: match(r), Hold: between(r, time.Second, 10*time.Second)}
		},
	)
}

// RandomSeams are faults of seams whose name begins with prefix, with drawn
// parameters.
func RandomSeams(prefix string) []Choice {
	seams := func(r *rand.Rand) Seams { return Seams{Prefix: prefix, Share: float(r, 0.05, 0.3)} }
	return choices(
		func(r *rand.Rand) Maker { return SeamLatency{Seams: seams(r), Delay: RandomDelay(r)} },
		func(r *rand.Rand) Maker { return SeamErrors{Seams: seams(r)} },
		func(*rand.Rand) Maker { return PausedDependency{Prefix: prefix} },
	)
}

// RandomRunbook are the runbook's four faults with drawn parameters. The host
// must offer their hooks.
func RandomRunbook() []Choice {
	return choices(
		func(r *rand.Rand) Maker { return CacheInvalidationStorm{InvalidationRate: float(r, 0.2, 1)} },
		func(r *rand.Rand) Maker {
			return PauseMVRefresh{PauseDuration: between(r, time.Minute, 10*time.Minute)}
		},
		func(r *rand.Rand) Maker {
			return RLSMisconfig{MisconfigType: one(r, AdminAccess, DisabledTable, PermissivePolicy)}
		},
		func(r *rand.Rand) Maker { return RateLimitBurst{Multiplier: 2 + r.IntN(19)} },
	)
}

// RandomDelay draws a delay of a typical 50 ms to 2 s and its distribution.
func RandomDelay(r *rand.Rand) Delay {
	return Delay{
		Distribution: one(r, Constant, Uniform, Exponential, LogNormal),
		Typical:      between(r, 50*time.Millisecond, 2*time.Second),
		Sigma:        float(r, 0.5, 1.5),
	}
}

func choices(makers ...func(*rand.Rand) Maker) []Choice {
	all := make([]Choice, 0, len(makers))
	for _, maker := range makers {
		all = append(all, Choice{Draw: func(r *rand.Rand) simcity.Fault { return maker(r).Fault() }})
	}
	return all
}

func side(r *rand.Rand) string { return one(r, Before, After) }

// one of the values.
func one[T any](r *rand.Rand, values ...T) T { return values[r.IntN(len(values))] }

// float draws from low to high, in hundredths so that reports can be read.
func float(r *rand.Rand, low, high float64) float64 {
	steps := int((high-low)*100 + 0.5)
	return float64(int(low*100+0.5)+r.IntN(steps+1)) / 100
}
