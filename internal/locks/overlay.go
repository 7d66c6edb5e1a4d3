package locks

import (
	"sync"
	"unsafe"
)

type (
	lockHook  = func(mark unsafe.Pointer, goroutine uint64, lock unsafe.Pointer, kind int, pc uintptr) bool
	wokenHook = func(mark unsafe.Pointer, goroutine uint64, pc uintptr)
)

// overlaid is what the patched package sync offers.
type overlaid interface {
	SimCityOverlay2() (
		install func(acquire, tried, release lockHook, woken wokenHook),
		try func(lock unsafe.Pointer, kind int) bool,
		unlock func(lock unsafe.Pointer, kind int),
		thread func() (mark unsafe.Pointer, id, kids uint64),
		setThread func(mark unsafe.Pointer, id, kids uint64),
		markBubble func(mark unsafe.Pointer),
		setElsewhere func(elsewhere func(mark unsafe.Pointer, pc uintptr) bool),
		packages string,
	)
}

// patched is nil in a binary without the overlay.
var patched = func() *patch {
	offer, ok := new(sync.RWMutex).RLocker().(overlaid)
	if !ok {
		return nil
	}
	p := &patch{}
	var setElsewhere func(func(mark unsafe.Pointer, pc uintptr) bool)
	p.install, p.try, p.unlock, p.thread, p.setThread, p.markBubble, setElsewhere, p.packages = offer.SimCityOverlay2()
	setElsewhere(elsewhere)
	return p
}()

type patch struct {
	install    func(acquire, tried, release lockHook, woken wokenHook)
	try        func(lock unsafe.Pointer, kind int) bool
	unlock     func(lock unsafe.Pointer, kind int)
	thread     func() (mark unsafe.Pointer, id, kids uint64)
	setThread  func(mark unsafe.Pointer, id, kids uint64)
	markBubble func(mark unsafe.Pointer)
	packages   string

	mu     sync.Mutex
	tables int // open ones
}

// Active tells whether this binary was compiled with the overlay.
func Active() bool { return patched != nil }

// Packages are the patterns that the overlay was made with, if any.
func Packages() string {
	if patched == nil {
		return ""
	}
	return patched.packages
}

// Thread is the number of the calling goroutine among those of its actor, 0
// without the overlay.
func Thread() uint64 {
	if patched == nil {
		return 0
	}
	_, id, _ := patched.thread()
	return id
}

// opened installs the hooks with the first table.
func (p *patch) opened() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.tables++; p.tables == 1 {
		p.install(acquire, tried, release, woken)
	}
}

// closed takes the hooks out with the last table.
func (p *patch) closed() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.tables--; p.tables == 0 {
		p.install(nil, nil, nil, nil)
	}
}

func acquire(mark unsafe.Pointer, goroutine uint64, lock unsafe.Pointer, kind int, pc uintptr) bool {
	m := (*Mark)(mark)
	return m.table.acquire(m, goroutine, lock, kind, pc)
}

func tried(mark unsafe.Pointer, goroutine uint64, lock unsafe.Pointer, kind int, pc uintptr) bool {
	m := (*Mark)(mark)
	return m.table.tried(m, goroutine, lock, kind, pc)
}

func release(mark unsafe.Pointer, goroutine uint64, lock unsafe.Pointer, kind int, pc uintptr) bool {
	return (*Mark)(mark).table.release(goroutine, lock, kind, pc)
}

func elsewhere(mark unsafe.Pointer, pc uintptr) bool {
	return (*Mark)(mark).table.sites.of(pc).class != classHost
}

func woken(mark unsafe.Pointer, goroutine uint64, pc uintptr) {
	m := (*Mark)(mark)
	if s := m.table.sites.of(pc); s.class == classHost {
		m.table.seam(m, goroutine, s.wake)
	}
}
