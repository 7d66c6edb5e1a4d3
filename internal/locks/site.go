package locks

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
)

// The classes of code that takes a lock.
type class uint8

const (
	classOther class = iota // the standard library and other modules
	classHost
	classOurs // simcity's own
	classBare // internal/conductor and this package: they call nobody under their locks
)

// A site is a place in code that takes a lock.
type site struct {
	pc    uintptr
	class class
	seam  string // its name where it takes a lock
	wake  string // its name where it wakes up in Cond.Wait
}

// sites knows the places that took locks, without a lock of its own: a hash
// table that only grows. A place that finds no room is looked at anew each time.
type sites struct {
	packages Patterns
	known    [4096]atomic.Pointer[site]
}

const probesMax = 16

func (s *sites) of(pc uintptr) *site {
	at := uint64(pc) * 0x9e3779b97f4a7c15 >> 40
	for i := range uint64(probesMax) {
		slot := &s.known[(at+i)%uint64(len(s.known))]
		known := slot.Load()
		if known == nil {
			known = s.look(pc)
			if slot.CompareAndSwap(nil, known) {
				return known
			}
			known = slot.Load()
		}
		if known.pc == pc {
			return known
		}
	}
	return s.look(pc)
}

// inlined are packages whose functions work for whoever calls them.
var inlined = []string{"sync", "maps", "slices", "iter"}

// look finds the function that pc returns into, past those that were inlined
// there.
func (s *sites) look(pc uintptr) *site {
	frames := runtime.CallersFrames([]uintptr{pc})
	for {
		frame, more := frames.Next()
		pkg, name := split(frame.Function)
		if more && slices.Contains(inlined, pkg) {
			continue
		}
		place := fmt.Sprintf("%s:%d", short(name), frame.Line)
		return &site{pc: pc, class: s.packages.class(pkg), seam: "lock " + place, wake: "wake " + place}
	}
}

// split takes the symbol of a function apart into its package's path and its
// name with the path's last element, as in booking.(*Store).Update.
func split(function string) (pkg, name string) {
	start := strings.LastIndexByte(function, '/')
	if bracket := strings.IndexByte(function, '['); bracket >= 0 { // type arguments have paths of their own
		start = strings.LastIndexByte(function[:bracket], '/')
	}
	dot := strings.IndexByte(function[start+1:], '.')
	if dot < 0 {
		return function, function
	}
	return strings.ReplaceAll(function[:start+1+dot], "%2e", "."), function[start+1:]
}

// short leaves the package of a method out: shop.(*Store).Update is Store.Update.
func short(name string) string {
	if _, method, ok := strings.Cut(name, ".(*"); ok {
		return strings.Replace(method, ")", "", 1)
	}
	return name
}

// Patterns are import path patterns, such as example.com/shop/... .
type Patterns []string

// ParsePatterns splits a list at its commas.
func ParsePatterns(list string) Patterns {
	var all Patterns
	for pattern := range strings.SplitSeq(list, ",") {
		if pattern = strings.TrimSpace(pattern); pattern != "" {
			all = append(all, pattern)
		}
	}
	return all
}

func (all Patterns) String() string { return strings.Join(all, ", ") }

// own is the path of simcity's module.
var own = func() string {
	pc, _, _, _ := runtime.Caller(0)
	pkg, _ := split(runtime.FuncForPC(pc).Name())
	return strings.TrimSuffix(pkg, "/internal/locks")
}()

// ownPackages are the parts of the module that are no hosts.
var ownPackages = []string{"simcity", "agents", "invariants", "chaos", "scenarios", "internal"}

func (all Patterns) class(pkg string) class {
	if rest, ok := strings.CutPrefix(pkg, own+"/"); ok && !strings.HasSuffix(pkg, "_test") {
		if rest == "internal/conductor" || rest == "internal/locks" {
			return classBare
		}
		for _, part := range ownPackages {
			if within(rest, part+"/...") {
				return classOurs
			}
		}
	}
	for _, pattern := range all {
		if within(pkg, pattern) || within(strings.TrimSuffix(pkg, "_test"), pattern) {
			return classHost
		}
	}
	return classOther
}

// within tells whether a package is that of a pattern: itself, or with /... also
// all below it.
func within(pkg, pattern string) bool {
	if pattern == "..." {
		return true
	}
	above, wide := strings.CutSuffix(pattern, "/...")
	return pkg == above || wide && strings.HasPrefix(pkg, above+"/")
}
