package testhooks

import "time"

// Leases are in real time: the host's, and not that of a run, which may be over.

func now() time.Time { return time.Now() }

// after calls f once d has passed, on a goroutine of its own.
func after(d time.Duration, f func()) *time.Timer { return time.AfterFunc(d, f) }
