package chaos

import (
	"math"
	"math/rand/v2"
	"time"
)

// Distributions of a [Delay].
const (
	Constant    = "constant"
	Uniform     = "uniform"
	Exponential = "exponential"
	LogNormal   = "lognormal"
)

// A Delay is how long something takes longer than it should.
type Delay struct {
	// Distribution of the delays. Constant, the default, is always Typical; Uniform
	// lies between 0 and twice Typical; Exponential has Typical as its mean, as
	// waiting for an independent event has; LogNormal has Typical as its median, as
	// latencies of busy services have: many near it, a few much longer.
	Distribution string `json:"distribution" default:"constant" oneof:"constant uniform exponential lognormal" doc:"how delays vary"`
	// Typical delay. Default 200 ms.
	Typical time.Duration `json:"delayMs" default:"200" range:">0..86400000" unit:"ms" doc:"the typical delay: constant, mean or median"`
	// Sigma is the standard deviation of the logarithm of a log-normal delay: with
	// the default of 1, one in a hundred takes ten times the median.
	Sigma float64 `json:"sigma" default:"1" range:">0..10" doc:"spread of a lognormal delay"`
	// Max cuts longer draws off. Default 30 s.
	Max time.Duration `json:"maxMs" default:"30000" range:">0..86400000" unit:"ms" doc:"longest delay"`
}

// draw returns one delay, at most Max.
func (d Delay) draw(dice *dice) time.Duration {
	dice.mu.Lock()
	defer dice.mu.Unlock()
	drawn := float64(d.Typical) * d.factor(dice.random)
	if !(drawn < float64(d.Max)) {
		return d.Max
	}
	return time.Duration(drawn)
}

func (d Delay) factor(r *rand.Rand) float64 {
	switch d.Distribution {
	case Uniform:
		return 2 * r.Float64()
	case Exponential:
		return r.ExpFloat64()
	case LogNormal:
		return math.Exp(d.Sigma * r.NormFloat64())
	}
	return 1
}
