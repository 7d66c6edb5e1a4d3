package booking

import (
	"context"
	"maps"
	"slices"
	"sync"
)

// refresher brings the listings up to date: every minute, and when a vendor
// joins. It remembers which cities have changed since, so that their cached
// searches are dropped when, and only when, there is something new to find.
type refresher struct {
	mu      sync.Mutex
	changed map[string]bool // cities whose searches show less than there is
	pauses  int             // PauseRefresh calls that are not resumed
	skipped int64           // refreshes that a pause has kept from happening
	dead    bool            // BugRefreshDies
}

// mark notes that a city's vendors have changed.
func (r *refresher) mark(city string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.changed == nil {
		r.changed = map[string]bool{}
	}
	r.changed[city] = true
}

// take returns the changed cities in order and forgets them, or says that
// nobody refreshes now.
func (r *refresher) take() (cities []string, working bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.pauses > 0 {
		r.skipped++
	}
	if r.pauses > 0 || r.dead {
		return nil, false
	}
	cities = slices.Sorted(maps.Keys(r.changed))
	clear(r.changed)
	return cities, true
}

// pause begins a pause and tells how many refreshes were skipped before it.
func (r *refresher) pause() (skipped int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pauses++
	return r.skipped
}

func (r *refresher) resume() (skipped int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pauses--
	return r.skipped
}

func (r *refresher) die() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.dead = true
}

// refresh brings the listings up to date and drops the searches that they make
// stale. What fails is owed to the next refresh.
func (a *App) refresh(ctx context.Context) (working bool, err error) {
	cities, working := a.refresher.take()
	if !working {
		return false, nil
	}
	if err := a.store.RefreshListings(ctx); err != nil {
		for _, city := range cities {
			a.refresher.mark(city)
		}
		return true, err
	}
	for _, city := range cities {
		a.cache.invalidate(ctx, showing(city))
	}
	return true, nil
}

// refreshRound is one round of the refresh job.
func (a *App) refreshRound(ctx context.Context) error {
	working, err := a.refresh(ctx)
	if a.has(BugRefreshDies) && (err != nil || !working) {
		a.refresher.die()
	}
	return err
}

// askRefresh refreshes out of turn, as far as that is possible now: whatever
// is in the way, the next round makes up for it.
func (a *App) askRefresh(ctx context.Context, why string) {
	if _, err := a.refresh(ctx); err != nil {
		a.config.Logger.Warn("listings stay as they are until the next round", "asked by", why, "error", err)
	}
}

// PauseRefresh keeps search listings as they are, new vendors included, until
// resume is called; the next round, at most a minute later, then makes up for
// it. Pauses add up: the last resume counts. Resuming twice does nothing. resume
// tells how many refreshes were due meanwhile and did not happen.
func (a *App) PauseRefresh() (resume func() (skipped int64)) {
	before := a.refresher.pause()
	return sync.OnceValue(func() int64 { return a.refresher.resume() - before })
}
