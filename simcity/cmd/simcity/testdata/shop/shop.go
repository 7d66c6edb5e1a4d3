// Package shop is a host with planted races, and without any seam of SimCity's
// (but for Hold, which is about one).
package shop

import (
	"fmt"
	"log"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bookiji/simcity/simcity"
)

// Shop answers each request with a token that it must give only once.
type Shop struct {
	mux *http.ServeMux

	mu       sync.Mutex
	taken    map[string]string
	promised map[string]bool

	cacheMu sync.RWMutex
	cache   map[string]int

	counterMu sync.RWMutex
	counter   int

	left, right sync.Mutex

	once   sync.Once
	logger *log.Logger
	lines  int

	queueMu sync.Mutex
	filled  *sync.Cond
	queue   []string
	ticks   int
	stop    chan struct{}
	done    sync.WaitGroup

	keeper chan struct{}
	alive  atomic.Int64 // keepers

	visits map[string]int // without a lock
}

// New builds a shop. Its worker must be stopped by Close.
func New() *Shop {
	s := &Shop{mux: http.NewServeMux(), taken: map[string]string{}, promised: map[string]bool{}, cache: map[string]int{}, visits: map[string]int{}, stop: make(chan struct{})}
	s.filled = sync.NewCond(&s.queueMu)
	s.logger = log.New(countLines{s}, "", 0)
	for pattern, handler := range map[string]http.HandlerFunc{
		"/book/{what}": s.book, "/book-right/{what}": s.bookRight,
		"/count/{what}": s.count, "/count-right/{what}": s.countRight,
		"/price/{what}": s.price, "/price-right/{what}": s.priceRight,
		"/move/{what}": s.move, "/move-right/{what}": s.moveRight,
		"/hold/{what}": s.hold, "/sleep/{what}": s.sleep, "/fork/{what}": s.fork, "/queue/{what}": s.enqueue,
		"/upgrade/{what}": s.upgrade, "/forget/{what}": s.forget, "/forget-late/{what}": s.forgetLate, "/once/{what}": s.first, "/log/{what}": s.log,
		"/chance/{what}": s.chance, "/lot/{what}": s.lot, "/lot-right/{what}": s.lotRight,
		"/keep/{what}": s.keep, "/keep-right/{what}": s.keepRight, "/visit/{what}": s.visit, "/same/{what}": s.same, "/lease/{what}": s.lease,
	} {
		s.mux.HandleFunc(pattern, handler)
	}
	s.done.Go(s.work)
	return s
}

func (s *Shop) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// Close stops the worker, and the keeper if there is one.
func (s *Shop) Close() error {
	close(s.stop)
	s.mu.Lock()
	if s.keeper != nil {
		close(s.keeper)
	}
	s.mu.Unlock()
	s.done.Wait()
	return nil
}

// work takes locks for nobody, every so often.
func (s *Shop) work() {
	ticker := time.NewTicker(time.Minute)
	defer ticker.Stop()
	for {
		select {
		case <-s.stop:
			return
		case <-ticker.C:
		}
		s.mu.Lock()
		s.ticks++
		s.mu.Unlock()
		s.counterMu.RLock()
		_ = s.counter
		s.counterMu.RUnlock()
	}
}

func (s *Shop) free(slot string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, taken := s.taken[slot]
	return !taken
}

func (s *Shop) insert(slot, who string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.taken[slot] = who
}

// same gives everybody the same token, whoever comes first.
func (s *Shop) same(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fmt.Fprint(w, "same")
}

// book checks under one lock and inserts under another.
func (s *Shop) book(w http.ResponseWriter, r *http.Request) {
	slot := r.PathValue("what")
	if !s.free(slot) {
		w.WriteHeader(http.StatusConflict)
		return
	}
	s.insert(slot, r.RemoteAddr)
	fmt.Fprint(w, "slot ", slot)
}

func (s *Shop) bookRight(w http.ResponseWriter, r *http.Request) {
	slot := r.PathValue("what")
	s.mu.Lock()
	_, taken := s.taken[slot]
	if !taken {
		s.taken[slot] = r.RemoteAddr
	}
	s.mu.Unlock()
	if taken {
		w.WriteHeader(http.StatusConflict)
		return
	}
	fmt.Fprint(w, "slot ", slot)
}

func (s *Shop) read() int {
	s.counterMu.RLock()
	defer s.counterMu.RUnlock()
	return s.counter
}

func (s *Shop) write(n int) {
	s.counterMu.Lock()
	defer s.counterMu.Unlock()
	s.counter = n
}

// count loses updates.
func (s *Shop) count(w http.ResponseWriter, _ *http.Request) {
	n := s.read() + 1
	s.write(n)
	fmt.Fprint(w, "number ", n)
}

func (s *Shop) countRight(w http.ResponseWriter, _ *http.Request) {
	s.counterMu.Lock()
	s.counter++
	n := s.counter
	s.counterMu.Unlock()
	fmt.Fprint(w, "number ", n)
}

func (s *Shop) cached(key string) bool {
	s.cacheMu.RLock()
	defer s.cacheMu.RUnlock()
	_, ok := s.cache[key]
	return ok
}

// price checks a second time too little: it loads what is there meanwhile.
func (s *Shop) price(w http.ResponseWriter, r *http.Request) {
	key := r.PathValue("what")
	if s.cached(key) {
		return
	}
	s.cacheMu.Lock()
	defer s.cacheMu.Unlock()
	s.cache[key]++
	fmt.Fprint(w, "load ", key)
}

func (s *Shop) priceRight(w http.ResponseWriter, r *http.Request) {
	key := r.PathValue("what")
	if s.cached(key) {
		return
	}
	s.cacheMu.Lock()
	defer s.cacheMu.Unlock()
	if _, ok := s.cache[key]; ok {
		return
	}
	s.cache[key]++
	fmt.Fprint(w, "load ", key)
}

// move takes two locks in an order that depends on who asks.
func (s *Shop) move(_ http.ResponseWriter, r *http.Request) {
	if strings.HasSuffix(r.Header.Get("From"), "1") {
		s.moveLeft()
		return
	}
	s.moveBack()
}

func (s *Shop) moveLeft() {
	s.left.Lock()
	defer s.left.Unlock()
	s.right.Lock()
	defer s.right.Unlock()
	s.counter++
}

func (s *Shop) moveBack() {
	s.right.Lock()
	defer s.right.Unlock()
	s.left.Lock()
	defer s.left.Unlock()
	s.counter--
}

func (s *Shop) moveRight(http.ResponseWriter, *http.Request) { s.moveLeft() }

// upgrade takes a lock for reading and, with that in hand, again, while writers
// wait.
func (s *Shop) upgrade(_ http.ResponseWriter, r *http.Request) {
	if strings.HasSuffix(r.Header.Get("From"), "1") {
		s.write(1)
		return
	}
	s.counterMu.RLock()
	defer s.counterMu.RUnlock()
	_ = s.read()
}

// forget returns with the lock when it refuses.
func (s *Shop) forget(w http.ResponseWriter, r *http.Request) {
	s.left.Lock()
	if s.lines++; s.lines%2 == 0 {
		w.WriteHeader(http.StatusConflict)
		return
	}
	s.left.Unlock()
}

// forgetLate returns with the lock in the last round, when all are there.
func (s *Shop) forgetLate(_ http.ResponseWriter, r *http.Request) {
	time.Sleep(time.Second)
	s.left.Lock()
	if r.PathValue("what") != "4" {
		s.left.Unlock()
	}
}

// hold keeps a lock across a seam, sleep across time.
func (s *Shop) hold(_ http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = simcity.Yield(r.Context(), "bank")
}

func (s *Shop) sleep(http.ResponseWriter, *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	time.Sleep(time.Second)
}

// first keeps the lock of a Once across a seam and a sleep.
func (s *Shop) first(_ http.ResponseWriter, r *http.Request) {
	s.once.Do(func() {
		_ = simcity.Yield(r.Context(), "bank")
		time.Sleep(time.Second)
	})
}

// log keeps the lock of a Logger, of the standard library, while its writer asks
// for one of the host's.
func (s *Shop) log(http.ResponseWriter, *http.Request) { s.logger.Print("a line") }

type countLines struct{ *Shop }

func (c countLines) Write(text []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lines++
	return len(text), nil
}

// fork lets three goroutines of one request meet at one lock.
func (s *Shop) fork(w http.ResponseWriter, r *http.Request) {
	var all sync.WaitGroup
	order := make([]string, 0, 3)
	for i := range 3 {
		all.Go(func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			order = append(order, fmt.Sprint(i))
		})
	}
	all.Wait()
	fmt.Fprint(w, r.RemoteAddr, time.Now().UnixNano(), strings.Join(order, ","))
}

// enqueue leaves a message for another request and takes one: every second one
// waits on a condition.
func (s *Shop) enqueue(w http.ResponseWriter, r *http.Request) {
	s.queueMu.Lock()
	defer s.queueMu.Unlock()
	s.queue = append(s.queue, r.RemoteAddr, fmt.Sprint(time.Now().UnixNano()))
	s.filled.Broadcast()
	for len(s.queue) < 4 {
		s.filled.Wait()
	}
	fmt.Fprint(w, s.queue[len(s.queue)-1], r.RemoteAddr)
}

// Keepers counts those who keep the shop: none after Close.
func (s *Shop) Keepers() int64 { return s.alive.Load() }

func (s *Shop) kept() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.keeper != nil
}

// engage starts a keeper, whom Close sends home, if he is the last one engaged.
func (s *Shop) engage() {
	s.alive.Add(1)
	home := make(chan struct{})
	s.keeper = home
	go func() {
		defer s.alive.Add(-1)
		<-home
	}()
}

// keep engages a keeper when there is none, and two who ask at once engage two.
func (s *Shop) keep(http.ResponseWriter, *http.Request) {
	if s.kept() {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.engage()
}

func (s *Shop) keepRight(http.ResponseWriter, *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.keeper == nil {
		s.engage()
	}
}

// visit counts visits in a map that nobody locks.
func (s *Shop) visit(_ http.ResponseWriter, r *http.Request) { s.visits[r.PathValue("what")]++ }
