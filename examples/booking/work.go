package booking

import (
	"context"
	"time"
)

// The periods of the background work. Each is off its round figure by a few
// nanoseconds of its own: the order in which timers of one instant fire is
// arbitrary, and with these no two of them are due at the same instant, nor
// at one at which a client on a round schedule acts. The watchdog's is no divisor
// of an hour, so that a drill at a round time does not find it just at work.
const (
	holdPeriod       = time.Minute + 7
	settlePeriod     = 5*time.Minute + 11
	cachePeriod      = 5*time.Minute + 13
	compactionPeriod = time.Hour + 17
	guardPeriod      = 70*time.Second + 23
	refreshPeriod    = time.Minute + 29
	thrashPeriod     = 20*time.Second + 19 // BugCacheThrash
)

// How long finished things stay to be looked at.
const (
	bookingKept = 48 * time.Hour
	sweepBatch  = 500 // bookings per transaction
)

// work starts the background goroutines. Close stops them.
func (a *App) work() {
	ctx, stop := context.WithCancel(context.Background())
	a.stop = stop
	a.every(ctx, holdPeriod, "hold sweeper", a.sweepHolds)
	a.every(ctx, settlePeriod, "settlement", a.settleBegun)
	a.every(ctx, cachePeriod, "cache warmer", func(ctx context.Context) error {
		a.cache.warm(ctx, time.Now(), cachePeriod, a.load)
		return nil
	})
	a.every(ctx, compactionPeriod, "compaction", a.compact)
	a.every(ctx, refreshPeriod, "listings refresh", a.refreshRound)
	if !a.has(BugWatchdogSleeps) {
		a.every(ctx, guardPeriod, "policy watchdog", a.guard)
	}
	if p, ours := a.payments.(*provider); ours && p.tells() {
		a.working.Go(func() { p.deliver(ctx) })
	}
	if a.has(BugCacheThrash) {
		a.every(ctx, thrashPeriod, "cache warmer", func(ctx context.Context) error {
			a.cache.thrash(ctx, time.Now(), a.load)
			return nil
		})
	}
}

// every does something again and again until the context ends, Config.Speed times
// as often as period says. What fails is logged and tried again in the next round.
func (a *App) every(ctx context.Context, period time.Duration, name string, do func(context.Context) error) {
	a.working.Go(func() {
		ticker := time.NewTicker(time.Duration(float64(period) / a.config.Speed))
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
			if err := do(ctx); err != nil && ctx.Err() == nil {
				a.config.Logger.Error("background work failed", "work", name, "error", err)
			}
		}
	})
}

// sweepHolds ends the holds that nobody confirmed. Readers have seen them as
// expired already.
func (a *App) sweepHolds(ctx context.Context) error {
	for {
		swept := 0
		err := a.store.Update(ctx, func(tx Tx) error {
			now := present()
			lapsed, err := tx.LapsedHolds(now, sweepBatch)
			if err != nil {
				return err
			}
			swept = len(lapsed)
			for _, b := range lapsed {
				b.finish(StatusExpired, now)
				if err := tx.PutBooking(b); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil || swept < sweepBatch {
			return err
		}
	}
}

// settleBegun ends bookings whose slot has begun or is over.
func (a *App) settleBegun(ctx context.Context) error {
	var rated []string
	err := a.store.Update(ctx, func(tx Tx) error {
		rated = nil
		now := present()
		begun, err := tx.Begun(now)
		if err != nil {
			return err
		}
		for _, b := range begun {
			city, err := a.settle(tx, b, now)
			if err != nil {
				return err
			}
			if city != "" {
				rated = append(rated, city)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, city := range rated {
		a.refresher.mark(city)
	}
	return nil
}

// guard restores row-level policies that somebody has broken, by mistake or on
// purpose.
func (a *App) guard(ctx context.Context) error {
	restored, err := a.store.GuardPolicies(ctx)
	if err == nil && restored > 0 {
		a.restored.Add(int64(restored))
		a.config.Logger.Warn("row-level policies were not what they must be; restored", "policies", restored)
	}
	return err
}

// compact forgets what is finished and old, so that the app needs no more
// memory after a month than after a week.
func (a *App) compact(ctx context.Context) error {
	a.accounts.endIdle(time.Now().Add(-sessionIdleMax))
	var bookings, answers int
	var h Holdings
	err := a.store.Update(ctx, func(tx Tx) error {
		now := time.Now()
		var err error
		if bookings, err = tx.Compact(now.Add(-bookingKept)); err != nil {
			return err
		}
		if answers, err = tx.ForgetAnswers(now.Add(-answerTTL)); err != nil {
			return err
		}
		h, err = tx.Holdings()
		return err
	})
	if err != nil {
		return err
	}
	if kept := a.resident(h, a.cache.stats(ctx)); kept > a.config.MemoryLimit {
		a.config.Logger.Warn("over the memory budget", "bytes", kept, "limit", a.config.MemoryLimit)
	}
	a.config.Logger.Debug("compacted", "bookings", bookings, "answers", answers)
	return nil
}
