package telemetry

import "os"

// SpoolFile is what a spill file must be able to do.
type SpoolFile = spoolFile

// WithFiles puts other files in the place of spill files.
func (r *Reporter) WithFiles(create func(path string) (SpoolFile, error)) *Reporter {
	r.create = create
	return r
}

// CreateLocked makes a spill file as it should be.
func CreateLocked(path string) (SpoolFile, error) { return createLocked(path) }

// Lock locks a file as a run does.
func Lock(file *os.File) error { return lock(file) }
