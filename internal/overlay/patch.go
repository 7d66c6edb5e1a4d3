package overlay

import (
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// hashKeys are the files that make the key of the hash function, for each release
// of Go whose sources the patch fits.
var hashKeys = map[string]string{
	"go1.26": "runtime/alg.go",
	"go1.27": "internal/runtime/maps/runtime_alg.go",
}

// Releases are the releases of Go whose sources the patch fits, oldest first.
func Releases() []string { return slices.Sorted(maps.Keys(hashKeys)) }

//go:embed patch/sync.go.txt
var syncHooks string

//go:embed patch/runtime.go.txt
var runtimeMarks string

//go:embed patch/maps.go.txt
var mapsOrder string

// A cut replaces a piece of a file that must be there exactly count times.
type cut struct {
	file  string // below GOROOT/src
	old   string
	new   string
	count int
}

// cutsFor is the patch for a release, apart from the files that it adds.
func cutsFor(release string) []cut {
	return append(slices.Clip(cuts),
		cut{hashKeys[release], "uintptr(bootstrapRand())", "uintptr(simcityKey(i))", 1},
		cut{hashKeys[release], "= bootstrapRand()", "= simcityKey(i)", 1})
}

// cuts are those that all releases have in common.
var cuts = []cut{
	renamed("sync/mutex.go", "func (m *Mutex) ", "Lock() {"),
	renamed("sync/mutex.go", "func (m *Mutex) ", "TryLock() bool {"),
	renamed("sync/mutex.go", "func (m *Mutex) ", "Unlock() {"),
	renamed("sync/rwmutex.go", "func (rw *RWMutex) ", "Lock() {"),
	renamed("sync/rwmutex.go", "func (rw *RWMutex) ", "TryLock() bool {"),
	renamed("sync/rwmutex.go", "func (rw *RWMutex) ", "Unlock() {"),
	renamed("sync/rwmutex.go", "func (rw *RWMutex) ", "RLock() {"),
	renamed("sync/rwmutex.go", "func (rw *RWMutex) ", "TryRLock() bool {"),
	renamed("sync/rwmutex.go", "func (rw *RWMutex) ", "RUnlock() {"),
	renamed("sync/rwmutex.go", "func (r *rlocker) ", "Lock() "),
	renamed("sync/cond.go", "func (c *Cond) ", "Wait() {"),
	{"sync/rwmutex.go", "rw.w.Lock()", "rw.w.plainLock()", 1},
	{"sync/rwmutex.go", "rw.w.TryLock()", "rw.w.plainTryLock()", 1},
	{"sync/rwmutex.go", "rw.w.Unlock()", "rw.w.plainUnlock()", 2},
	after("runtime/runtime2.go", "\tlabels          unsafe.Pointer // profiler labels\n", "\tsimcity         simcityThread\n"),
	after("runtime/proc.go", "\t\tnewg.bubble = callergp.bubble\n", "\t\tnewg.simcity.born(callergp, newg.bubble)\n"),
	after("runtime/proc.go", "\tgp.labels = nil\n", "\tgp.simcity = simcityThread{}\n"),
	after("runtime/synctest.go", "type synctestBubble struct {\n", "\tsimcity simcityThread // of its goroutines that have no mark\n"),
	{"runtime/select.go", "cheaprandn(uint32(norder + 1))", "simcityPick(gp, uint32(norder+1), sys.GetCallerPC())", 1},
	{"runtime/map.go", "\tit.Init(t, m)\n", "\tit.Init(t, m)\n\tsimcityBegin(it, sys.GetCallerPC())\n", 1},
	{"runtime/time.go", "t.rand = cheaprand()", "t.rand = simcityTimerRand()", 1},
	after("runtime/time.go", "\t\tgp.bubble = bubble\n", "\t\tgp.simcity = bubble.simcity.fired(t.rand, now)\n"),
	after("runtime/time.go", "\t\tgp.bubble = nil\n", "\t\tgp.simcity = simcityThread{}\n"),
	{"runtime/rand.go", "//go:linkname rand\nfunc rand() uint64 {\n", "//go:linkname rand\n//go:noinline\nfunc rand() uint64 {\n\tif t := &getg().simcity; t.seeded() {\n\t\treturn t.draw(t.after(simcityMapSeed, sys.GetCallerPC()))\n\t}\n", 1},
	after("runtime/rand.go", "\t\"internal/goarch\"\n", "\t\"internal/runtime/sys\"\n"),
	{"internal/runtime/maps/map.go", "m.seed = uintptr(rand())", "m.seed = simcitySeed", 4},
	{"math/rand/rand.go", "runtime_rand runtime.rand", "runtime_rand runtime.simcity_rand", 1},
	{"math/rand/v2/rand.go", "runtime_rand runtime.rand", "runtime_rand runtime.simcity_rand", 1},
}

// renamed lets a method make room for one of ours, which calls it.
func renamed(file, receiver, method string) cut {
	return cut{file: file, old: "\n" + receiver + method, new: "\n" + receiver + "plain" + method, count: 1}
}

func after(file, anchor, line string) cut {
	return cut{file: file, old: anchor, new: anchor + line, count: 1}
}

// added are the files that the toolchain does not have.
func added(packages string) map[string]string {
	return map[string]string{
		"sync/simcity.go":    syncHooks + "\nconst simcityPackages = " + strconv.Quote(packages) + "\n",
		"runtime/simcity.go": runtimeMarks,

		"internal/runtime/maps/simcity.go": mapsOrder,
	}
}

// apply makes the patched files from the toolchain's own.
func apply(release string, read func(file string) (string, error), packages string) (map[string]string, error) {
	files := map[string]string{}
	for _, c := range cutsFor(release) {
		text, ok := files[c.file]
		if !ok {
			var err error
			if text, err = read(c.file); err != nil {
				return nil, err
			}
		}
		if found := strings.Count(text, c.old); found != c.count {
			return nil, &UnsupportedError{Reason: fmt.Sprintf("%s has %q %d times, not %d", c.file, strings.TrimSpace(c.old), found, c.count)}
		}
		files[c.file] = strings.ReplaceAll(text, c.old, c.new)
	}
	for file, text := range added(packages) {
		files[file] = text
	}
	return files, nil
}

// An UnsupportedError says why a toolchain cannot be patched. Runs without the
// overlay are as good as ever.
type UnsupportedError struct{ Reason string }

func (e *UnsupportedError) Error() string {
	return fmt.Sprintf("simcity: no overlay for this toolchain: %s; supported are the releases of %s; tests run without it, only locks are no seams then and what the host leaves to chance does not follow the seed",
		e.Reason, strings.Join(Releases(), " and "))
}
