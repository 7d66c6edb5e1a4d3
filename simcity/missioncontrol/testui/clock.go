package testui

import "time"

// Who looks at tests lives in real time, and this file alone reads it. In tests it
// is a bubble's.

func now() time.Time { return time.Now() }

func later(d time.Duration, f func()) { time.AfterFunc(d, f) }

func after(d time.Duration) *time.Timer { return time.NewTimer(d) }
