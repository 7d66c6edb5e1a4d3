package telemetry

import "time"

// Delivery lives in real time, outside of the run, and this file alone reads it.

func now() time.Time { return time.Now() }

func newTicker(every time.Duration) *time.Ticker { return time.NewTicker(every) }

func newTimer(d time.Duration) *time.Timer { return time.NewTimer(d) }
