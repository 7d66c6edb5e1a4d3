package chaos

import (
	"context"
	"time"

	"github.com/bookiji/simcity/simcity"
)

// ClockSkew moves what the host takes for now, as on a machine whose clock is
// wrong. It needs the hook SkewClock and counts the clock.
type ClockSkew struct {
	// Skew is how far: negative is into the past. Default 5 minutes.
	Skew time.Duration `json:"skewMs" default:"300000" range:"-604800000..604800000" unit:"ms" doc:"how far the host's clock goes ahead; negative: behind"`
}

// Fault implements [Maker].
func (f ClockSkew) Fault() simcity.Fault {
	fault := Declare("CLOCK_SKEW", &f)
	fault.Ready = needs("SkewClock")
	fault.Inject = func(ctx context.Context, w *simcity.World, touched *simcity.Touched) (func(context.Context) error, error) {
		restore, err := hooksOf(w).SkewClock(ctx, f.Skew)
		if err != nil {
			return halfDone(restore), err
		}
		touched.Add(1)
		return restoring(restore), nil
	}
	return fault
}
