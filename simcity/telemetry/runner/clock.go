package runner

import "time"

// Leases live in real time, and this file alone reads it.

func now() time.Time { return time.Now() }

func newTimer(d time.Duration) *time.Timer { return time.NewTimer(d) }
