package locks

import (
	"hash/fnv"
	"io"
	"unsafe"
)

// A Mark says for whom goroutines work. A nil mark, of a run that does not
// explore, marks nobody.
type Mark struct {
	seed  uint64 // of what its goroutines draw; the patched runtime reads it as the first word
	table *Table
	who   string
	park  func(place string)
}

// Mark makes a mark. Park is called at each lock that host code takes, on the
// goroutine that does; nil: no seams. It may let others go first.
func (t *Table) Mark(who string, park func(place string)) *Mark {
	if t == nil {
		return nil
	}
	name := fnv.New64a()
	_, _ = io.WriteString(name, who) // never fails
	return &Mark{seed: t.config.Seed ^ name.Sum64(), table: t, who: who, park: park}
}

// MarkBubble marks the goroutines of this bubble that nobody else has marked.
func (t *Table) MarkBubble(m *Mark) {
	if t != nil {
		patched.markBubble(unsafe.Pointer(m))
	}
}

// Enter makes the calling goroutine, and those that it starts, work for m until
// leave is called. Number must be another one for each goroutine that enters.
func (m *Mark) Enter(number uint64) (leave func()) {
	if m == nil {
		return func() {}
	}
	mark, id, kids := patched.thread()
	patched.setThread(unsafe.Pointer(m), number, 0)
	return func() { patched.setThread(mark, id, kids) }
}
