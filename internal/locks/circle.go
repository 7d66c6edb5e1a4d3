package locks

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
)

// A circle is goroutines of which each waits for a lock that the next one holds.
type circle struct {
	waiters []*waiter
	text    string
	told    bool
}

// A Deadlock is a circle that still stands.
type Deadlock struct {
	Who   []string // those who wait, in the order of the circle
	Text  string   // who waits for whom, and where
	Stack string   // the stacks of all of them
}

// closesCircle looks from w along those it waits for. The caller holds mu.
func (t *Table) closesCircle(w *waiter) bool {
	var path []*waiter
	var text []string
	seen := map[uint64]bool{}
	var reaches func(from *waiter) bool
	reaches = func(from *waiter) bool {
		if seen[from.goroutine] {
			return false
		}
		seen[from.goroutine] = true
		path = append(path, from)
		for _, o := range from.blockers() {
			text = append(text, from.waitsFor(o))
			if o.goroutine == w.goroutine {
				return true
			}
			if next := t.waiting[o.goroutine]; next != nil && reaches(next) {
				return true
			}
			text = text[:len(text)-1]
		}
		path = path[:len(path)-1]
		return false
	}
	if !reaches(w) {
		return false
	}
	t.circles = append(t.circles, &circle{waiters: path, text: strings.Join(fromFirstPlace(path, text), "; ")})
	return true
}

// fromFirstPlace turns the texts of a circle so that the one of the first place comes
// first: whoever closed it, the same locks read alike.
func fromFirstPlace(path []*waiter, text []string) []string {
	first := 0
	for i, w := range path {
		if w.site.seam < path[first].site.seam {
			first = i
		}
	}
	return slices.Concat(text[first:], text[:first])
}

// blockers are those who must give way before w gets its lock: who holds it,
// and for a reader the writers that wait.
func (w *waiter) blockers() []owner {
	var all []owner
	for _, o := range w.entry.owners {
		if w.kind != kindRead || o.kind != kindRead {
			all = append(all, o)
		}
	}
	if w.kind == kindRead {
		for _, other := range w.entry.waiters {
			if other.kind == kindWrite {
				all = append(all, owner{goroutine: other.goroutine, who: other.who, site: other.site, kind: kindWrite})
			}
		}
	}
	return all
}

func (w *waiter) waitsFor(o owner) string {
	if o.goroutine == w.goroutine && o.who != w.who { // it serves one after the other
		return fmt.Sprintf("%s waits at %s for %s, who took it at %s and returned without letting go of it", w.who, w.site.seam, o.who, o.site.seam)
	}
	why := "who has it since"
	if w.kind == kindRead && o.kind == kindWrite && w.entry.pends(o.goroutine) {
		why = "who waits to write and is first, at"
	}
	return fmt.Sprintf("%s waits at %s for %s, %s %s", w.who, w.site.seam, o.who, why, o.site.seam)
}

// Waiting tells who waits for whom, and where, in the order of the alphabet.
func (t *Table) Waiting() (texts []string) {
	if t == nil {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, w := range t.waiting {
		for _, o := range w.blockers() {
			texts = append(texts, w.waitsFor(o))
		}
	}
	slices.Sort(texts)
	return texts
}

// Standing tells the deadlocks that still are and have not been told.
func (t *Table) Standing() (all []Deadlock) {
	if t == nil {
		return nil
	}
	for _, c := range t.untold() { // to write takes locks of others, which would come to the table
		d := Deadlock{Text: c.text}
		var stacks strings.Builder
		for _, w := range c.waiters {
			d.Who = append(d.Who, w.who)
			w.describe(&stacks)
		}
		d.Stack = stacks.String()
		all = append(all, d)
	}
	return all
}

// untold are the circles that still stand, from now on told.
func (t *Table) untold() (circles []*circle) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, c := range t.circles {
		if !c.told && !slices.ContainsFunc(c.waiters, func(w *waiter) bool { return t.waiting[w.goroutine] != w }) {
			c.told = true
			circles = append(circles, c)
		}
	}
	return circles
}

// describe writes the stack of a goroutine as the runtime would.
func (w *waiter) describe(b *strings.Builder) {
	fmt.Fprintf(b, "%s, %s:\n", w.who, w.site.seam)
	frames := runtime.CallersFrames(w.stack)
	for {
		frame, more := frames.Next()
		fmt.Fprintf(b, "%s(...)\n\t%s:%d\n", frame.Function, frame.File, frame.Line)
		if !more {
			break
		}
	}
	b.WriteString("\n")
}
