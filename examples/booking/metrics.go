package booking

import (
	"bytes"
	"net/http"
	"strconv"
	"time"
)

// bytesPerUser is what an account with its session keeps, and bytesAtRest
// what the app keeps with no data.
const (
	bytesPerUser = 512
	bytesAtRest  = 1 << 20
)

// health answers GET /healthz.
func (a *App) health(*call) (reply, error) {
	return answerJSON(http.StatusOK, map[string]string{"status": "ok"})
}

// metrics answers GET /metrics in the Prometheus text format.
func (a *App) metrics(c *call) (reply, error) {
	var h Holdings
	var money Totals
	var listed time.Time
	err := a.view(c, func(tx Tx) error {
		var err error
		if h, err = tx.Holdings(); err != nil {
			return err
		}
		if money, err = tx.Totals(""); err != nil {
			return err
		}
		listed, err = tx.ListingsAt()
		return err
	})
	if err != nil {
		return reply{}, err
	}
	var b bytes.Buffer
	b.Grow(4 << 10)
	a.writeRequests(&b)
	cache := a.cache.stats(c.Context())
	a.writeCache(&b, cache)
	a.writeUpkeep(&b, c.now, listed)
	a.writeHoldings(&b, h, money, a.resident(h, cache))
	return reply{status: http.StatusOK, body: b.Bytes(), contentType: textType}, nil
}

func (a *App) writeRequests(b *bytes.Buffer) {
	describe(b, "http_requests_total", "counter", "Requests by route and status.")
	for _, rt := range a.routes {
		for _, status := range statuses {
			if n := rt.count(status).Load(); n > 0 {
				line := strconv.AppendQuote(append(b.AvailableBuffer(), "http_requests_total{route="...), rt.pattern)
				line = strconv.AppendInt(append(line, ",code=\""...), int64(status), 10)
				line = strconv.AppendInt(append(line, "\"} "...), n, 10)
				b.Write(append(line, '\n'))
			}
		}
	}
}

func (a *App) writeCache(b *bytes.Buffer, s cacheStats) {
	sample(b, "cache_hits_total", "counter", "Searches answered from the cache.", s.hits)
	sample(b, "cache_misses_total", "counter", "Searches that had to be loaded.", s.misses)
	sample(b, "cache_invalidations_total", "counter", "Cache entries dropped because of a change.", s.invalidations)
	sample(b, "cache_entries", "gauge", "Searches in the cache.", int64(s.entries))
}

func (a *App) writeUpkeep(b *bytes.Buffer, now, listed time.Time) {
	var age time.Duration
	if !listed.IsZero() {
		age = now.Sub(listed)
	}
	sample(b, "search_listings_age_seconds", "gauge", "Time since the listings that search shows were refreshed.", int64(age.Seconds()))
	sample(b, "payments_settled_total", "counter", "Charges that the payment provider settled.", a.settled.charges.Load())
	sample(b, "payments_settled_cents_total", "counter", "What these charges came to.", a.settled.cents.Load())
	sample(b, "row_policies_restored_total", "counter", "Row-level policies that the watchdog restored.", a.restored.Load())
}

func (a *App) writeHoldings(b *bytes.Buffer, h Holdings, money Totals, resident int64) {
	users, sessions := a.accounts.count()
	sample(b, "process_resident_memory_bytes", "gauge", "What the app keeps in memory, by its own accounting.", resident)
	sample(b, "process_memory_limit_bytes", "gauge", "The budget for it.", a.config.MemoryLimit)
	sample(b, "users", "gauge", "Accounts.", int64(users))
	sample(b, "sessions_live", "gauge", "Sessions that have not ended.", int64(sessions))
	sample(b, "vendors", "gauge", "Vendors.", int64(h.Vendors))
	sample(b, "bookings_live", "gauge", "Bookings that occupy a slot.", int64(h.Live))
	sample(b, "bookings_kept", "gauge", "Bookings not yet compacted away.", int64(h.Bookings))
	sample(b, "messages_kept", "gauge", "Chat messages not yet compacted away.", int64(h.Messages))
	sample(b, "ledger_entries_kept", "gauge", "Ledger entries not yet compacted away.", int64(h.Entries))
	sample(b, "idempotency_keys_kept", "gauge", "Answers kept for repeated requests.", int64(h.Answers))
	sample(b, "ledger_charged_cents_total", "counter", "Fees charged.", int64(money.ChargedCents))
	sample(b, "ledger_refunded_cents_total", "counter", "Fees paid back.", int64(money.RefundedCents))
}

// resident is the app's own accounting of its memory. The process's real one
// would also count the tests around it, and would differ from run to run.
func (a *App) resident(h Holdings, cache cacheStats) int64 {
	users, _ := a.accounts.count()
	return bytesAtRest + h.Bytes + cache.bytes + int64(users)*bytesPerUser + a.hoarded()
}

func describe(b *bytes.Buffer, name, kind, help string) {
	for _, text := range [...]string{"# HELP ", name, " ", help, "\n# TYPE ", name, " ", kind, "\n"} {
		b.WriteString(text)
	}
}

func sample(b *bytes.Buffer, name, kind, help string, value int64) {
	describe(b, name, kind, help)
	line := append(append(b.AvailableBuffer(), name...), ' ')
	b.Write(append(strconv.AppendInt(line, value, 10), '\n'))
}
