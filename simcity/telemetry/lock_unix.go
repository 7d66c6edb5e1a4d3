//go:build unix

package telemetry

import (
	"errors"
	"os"
	"syscall"
)

// lock keeps other processes from replaying a file while this one writes it. The
// system lets go of it when the process dies, however it does.
func lock(file *os.File) error {
	err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return ErrSpillInUse
	}
	return err
}

// unlock lets go of a file at once. Closing it would not: a process that is being
// started at that moment has all files of its parent, for a while.
func unlock(file *os.File) { _ = syscall.Flock(int(file.Fd()), syscall.LOCK_UN) }
