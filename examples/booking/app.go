package booking

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
)

// App is the booking service. It is an [http.Handler]. New starts it, Close
// stops it.
type App struct {
	config   Config
	bugs     bugSet
	store    Store
	mux      *http.ServeMux
	routes   []*route
	accounts *accounts
	limiter  limiter
	cache    searchCache
	load     searchLoad // loadSearch, bound once
	zones    zones
	payments Payments
	settled  settled

	refresher refresher
	restored  atomic.Int64 // row-level policies
	cold      atomic.Bool  // BugColdRestart: the cache was dropped once

	requests      atomic.Int64 // under /api
	reads         atomic.Int64 // GET requests under /api, without the test hooks
	confirmations atomic.Int64
	cancelled     cancelledSlots
	stale         staleCalendars

	stop    context.CancelFunc
	working sync.WaitGroup
	closing sync.Once
	broken  error
}

// New starts an App, or says which field of the Config cannot be meant.
func New(config Config) (*App, error) {
	if err := config.validate(); err != nil {
		return nil, err
	}
	bugs, err := newBugSet(config.Bugs)
	if err != nil {
		return nil, err
	}
	config = config.withDefaults()
	a := &App{
		config:   config,
		bugs:     bugs,
		store:    config.Store,
		mux:      http.NewServeMux(),
		accounts: newAccounts(),
		cache:    newSearchCache(config),
	}
	a.limiter.set(config.RatePerMinute, config.RateBurst)
	a.limiter.sticky = a.has(BugStickyLimit)
	a.payments = config.Payments
	if a.payments == nil {
		a.payments = newProvider(config)
	}
	a.load = a.loadSearch
	a.mount()
	a.askRefresh(context.Background(), "the start")
	a.work()
	return a, nil
}

// ServeHTTP implements [http.Handler].
func (a *App) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mux.ServeHTTP(w, r)
}

// Close stops the background work, waits for it and then checks the data. It
// returns an error that says what is broken: see [Probes]. Further calls
// return the same.
func (a *App) Close() error {
	a.closing.Do(func() {
		a.stop()
		a.working.Wait()
		a.broken = a.checkIntegrity()
	})
	return a.broken
}

func (a *App) checkIntegrity() error {
	probes, err := a.Probe(context.Background())
	if err != nil {
		return fmt.Errorf("booking: integrity check: %w", err)
	}
	return probes.err()
}

// has tells whether a planted bug is switched on.
func (a *App) has(b Bug) bool { return a.bugs[b] }
