package agents

import (
	"math"
	"math/rand/v2"
	"time"

	"github.com/bookiji/simcity/simcity"
)

// ThinkTime is a log-normal duration: the time that people take, many short
// and a few very long ones. The zero value means the default of the field that
// holds it.
type ThinkTime struct {
	// Median is what half of the draws stay below.
	Median time.Duration
	// Sigma is the standard deviation of the logarithm. 0 means always Median.
	Sigma float64
	// Max cuts longer draws off. Default 50 times Median.
	Max time.Duration
}

// Draw returns one duration, more than zero and at most Max.
func (t ThinkTime) Draw(r *rand.Rand) time.Duration {
	longest := t.Max
	if longest == 0 {
		longest = 50 * t.Median
	}
	drawn := float64(t.Median) * math.Exp(t.Sigma*r.NormFloat64())
	if drawn >= float64(longest) {
		return max(1, longest)
	}
	return max(1, time.Duration(drawn))
}

func (t ThinkTime) or(standard ThinkTime) ThinkTime {
	if t == (ThinkTime{}) {
		return standard
	}
	return t
}

func (t ThinkTime) validate(field string) error {
	switch {
	case t.Median < 0 || t.Median == 0 && t != (ThinkTime{}):
		return &simcity.FieldError{Field: field + ".Median", Value: t.Median, Allowed: "more than 0", Fix: "leave the whole field out for its default"}
	case !(t.Sigma >= 0 && t.Sigma <= 10):
		return &simcity.FieldError{Field: field + ".Sigma", Value: t.Sigma, Allowed: "0 to 10", Fix: "about 1 is usual for people"}
	case t.Max < 0:
		return &simcity.FieldError{Field: field + ".Max", Value: t.Max, Allowed: "0 or more", Fix: "leave it out for 50 times the median"}
	}
	return nil
}
