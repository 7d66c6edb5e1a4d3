//go:build !unix

package cputime

import "time"

var began = time.Now()

// Used is the time since the process began: the system offers no better.
func Used() time.Duration { return time.Since(began) }
