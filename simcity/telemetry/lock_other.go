//go:build !unix

package telemetry

import "os"

// lock does nothing where files cannot be locked in this way: there the user sees
// to it that no run is going on whose file is replayed.
func lock(*os.File) error { return nil }

func unlock(*os.File) {}
