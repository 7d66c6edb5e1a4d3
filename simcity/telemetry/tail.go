package telemetry

import (
	"errors"
	"fmt"
	"os"
	"runtime/debug"
)

// tailBytes is how much of a journal is in its tail at most: some hundred rows.
const tailBytes = 64 << 10

// A tail holds the last lines of a journal, those that its file does not have yet, in
// memory that is mapped from a file of its own. The system keeps what is written there
// when the process is killed, as it keeps what is written to a file, but no row costs
// a system call. Lines that the journal's file has already may follow the last one, and
// a line that is written in part: a reader knows them by their index and checksum.
type tail struct {
	path   string
	memory []byte
	used   int
}

func tailPath(spill string) string { return spill + ".tail" }

// newTail makes a tail with room on the disk. Where files cannot be mapped there is
// none: nil, which takes nothing.
func newTail(spill string) *tail {
	t := &tail{path: tailPath(spill)}
	file, err := os.OpenFile(t.path, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil
	}
	defer file.Close()
	if _, err = file.Write(make([]byte, tailBytes)); err == nil {
		t.memory, err = mapFile(file, tailBytes)
	}
	if err != nil {
		_ = os.Remove(t.path)
		return nil
	}
	return t
}

// fits tells whether there is room for a text.
func (t *tail) fits(text []byte) bool { return t != nil && t.used+len(text) <= len(t.memory) }

// add takes a text that fits. It fails where the disk cannot take the page after all.
func (t *tail) add(text []byte) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("%s: %v", t.path, fault)
		}
	}()
	t.used += copy(t.memory[t.used:], text)
	return nil
}

// lines are those that the journal's file does not have.
func (t *tail) lines() []byte {
	if t == nil {
		return nil
	}
	return t.memory[:t.used]
}

// clear forgets the lines, which the journal's file has.
func (t *tail) clear() {
	if t != nil {
		t.used = 0
	}
}

// remove ends the tail.
func (t *tail) remove() error {
	if t == nil {
		return nil
	}
	return errors.Join(os.Remove(t.path), unmap(t.memory))
}
