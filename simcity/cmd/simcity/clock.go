package main

import "time"

// now is the date on which the tool is called.
func now() time.Time { return time.Now() }
