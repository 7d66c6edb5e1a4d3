package missioncontrol

import "time"

// Mission Control lives in real time, outside of runs, and this file alone reads
// it. In tests it is a bubble's.

func now() time.Time { return time.Now() }

func newTicker(every time.Duration) *time.Ticker { return time.NewTicker(every) }

func newTimer(d time.Duration) *time.Timer { return time.NewTimer(d) }
