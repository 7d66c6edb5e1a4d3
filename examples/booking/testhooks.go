package booking

import (
	"context"
	"net/http"
)

// environment answers GET /api/test/login, by which a tester sees whether it
// may do anything here at all. In production every test hook answers this.
func (a *App) environment(*call) (reply, error) {
	production := a.config.Env == Production
	status := http.StatusOK
	if production {
		status = http.StatusForbidden
	}
	return answerJSON(status, struct {
		Environment string `json:"environment"`
		Production  bool   `json:"production"`
	}{a.config.Env, production})
}

// platformLedger answers the totals of everybody.
func (a *App) platformLedger(c *call) (reply, error) {
	var sum Totals
	err := a.view(c, func(tx Tx) error {
		var err error
		sum, err = tx.Totals("")
		return err
	})
	if err != nil {
		return reply{}, err
	}
	return answerJSON(http.StatusOK, sum)
}

// Purged counts what a purge removed, or would.
type Purged struct {
	DryRun   bool `json:"dryRun"`
	Users    int  `json:"users"`
	Sessions int  `json:"sessions"`
	Vendors  int  `json:"vendors"`
	Bookings int  `json:"bookings"`
	Messages int  `json:"messages"`
	Entries  int  `json:"ledgerEntries"`
	Answers  int  `json:"idempotencyKeys"`
}

// purge answers POST /api/test/purge.
func (a *App) purge(c *call) (reply, error) {
	dryRun := c.URL.Query().Get("dryRun")
	if dryRun != "" && dryRun != "0" && dryRun != "1" {
		return reply{}, badRequest("dryRun must be 0 or 1")
	}
	p, err := a.Purge(c.Context(), dryRun == "1")
	if err != nil {
		return reply{}, err
	}
	return answerJSON(http.StatusOK, p)
}

// Purge removes synthetic users with all that they left, or counts it. Outside
// production nobody else can sign in, so that is everything.
func (a *App) Purge(ctx context.Context, dryRun bool) (Purged, error) {
	p := Purged{DryRun: dryRun}
	p.Users, p.Sessions = a.accounts.count()
	if err := a.purgeStore(ctx, &p); err != nil {
		return Purged{}, err
	}
	if !dryRun {
		a.accounts.purge()
		a.askRefresh(ctx, "a purge")
		a.cache.invalidate(ctx, anySearch)
	}
	return p, nil
}

func (a *App) purgeStore(ctx context.Context, p *Purged) error {
	run, holdings := a.store.Update, Tx.Purge
	if p.DryRun {
		run, holdings = a.store.View, Tx.Holdings
	}
	return run(ctx, func(tx Tx) error {
		h, err := holdings(tx)
		p.Vendors, p.Bookings, p.Messages, p.Entries, p.Answers = h.Vendors, h.Bookings, h.Messages, h.Entries, h.Answers
		return err
	})
}
