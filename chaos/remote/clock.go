package remote

import (
	"context"
	"time"
)

// Leases are in real time, whatever clock the run has.

// wait lets real time pass, and reports false when ctx ends first.
func wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
