package staging

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"net/http"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/bookiji/simcity/chaos/postgres"
	"github.com/bookiji/simcity/examples/booking"
	"github.com/bookiji/simcity/examples/booking/pgstore"
	"github.com/bookiji/simcity/simcity"
	"github.com/bookiji/simcity/simcity/testhooks"
)

// Config describes a Marketplace.
type Config struct {
	// Environment is what it says that it is, and Secret lets simulations in: see
	// testhooks.Config. Required.
	Environment string
	Secret      string
	// BaseURL is where it is reached, by its payment provider too. Default: the
	// provider tells nobody.
	BaseURL string
	// Database is a Postgres. Default: the data stays in memory.
	Database string
	// Speed is how many times as often the background work comes round, and how many
	// times as much one user may ask. Default 1.
	Speed float64
}

// A Marketplace is the reference app with test hooks beside it.
type Marketplace struct {
	http.Handler
	app   *booking.App
	hooks *testhooks.Handler
	pool  *pgxpool.Pool // nil: it keeps its data in memory
}

// ratePerMinute is the app's usual limit of requests of one user.
const ratePerMinute = 600

// New builds it. Close ends it.
func New(ctx context.Context, c Config) (m *Marketplace, err error) {
	c.Speed = cmp.Or(c.Speed, 1)
	m = &Marketplace{}
	defer func() {
		if err != nil {
			err = errors.Join(err, m.Close(context.WithoutCancel(ctx)))
		}
	}()
	store, rls, err := m.open(ctx, c.Database)
	if err != nil {
		return m, err
	}
	app := booking.Config{
		Env: c.Environment, Store: store,
		Speed: c.Speed, RatePerMinute: int(ratePerMinute * c.Speed), // citizens in compressed time ask as much more often
	}
	if c.BaseURL != "" {
		app.WebhookClient, app.WebhookURL, app.WebhookSecret = &http.Client{}, c.BaseURL+"/api/payments/webhook", rand.Text()
	}
	if m.app, err = booking.New(app); err != nil {
		return m, err
	}
	m.hooks, err = testhooks.New(testhooks.Config{
		Environment: c.Environment, Secret: c.Secret,
		Login: m.login, Hooks: Hooks(m.app, rls), Probes: m.probes, Purge: m.purge,
	})
	if err != nil {
		return m, err
	}
	mux := http.NewServeMux()
	mux.Handle("/api/test/", m.hooks)
	mux.Handle("/", m.app)
	m.Handler = mux
	return m, nil
}

// open makes the store, and what breaks its row-level policies.
func (m *Marketplace) open(ctx context.Context, database string) (booking.Store, Misconfigure, error) {
	if database == "" {
		store := booking.NewMemoryStore()
		return store, InMemory(store), nil
	}
	var err error
	if m.pool, err = pgxpool.New(ctx, database); err != nil {
		return nil, nil, err
	}
	if err := pgstore.Migrate(ctx, m.pool); err != nil {
		return nil, nil, err
	}
	store, err := pgstore.Open(ctx, pgstore.Config{Pool: m.pool})
	db := postgres.Database{Pool: m.pool, Admin: database}
	return store, postgres.RLSHook(db, "public.bookings", "public.messages", "public.entries"), err
}

// login lets a synthetic citizen in. One that has not said what it is, is a guest.
func (m *Marketplace) login(_ context.Context, c testhooks.Citizen) (testhooks.Session, error) {
	role := c.Role
	if role == "" {
		role = booking.RoleGuest
	}
	session, err := m.app.SignIn(c.Email, role, c.Timezone)
	if err != nil {
		return testhooks.Session{}, &simcity.FieldError{Field: "login", Value: c.Email + " as " + role, Allowed: "one role for each address, and a time zone that there is", Fix: err.Error()}
	}
	return testhooks.Session{Token: session.Token, UserID: session.UserID}, nil
}

func (m *Marketplace) probes(ctx context.Context) (map[string]int64, error) {
	p, err := m.app.Probe(ctx)
	return map[string]int64{
		"doubleBookings": int64(p.DoubleBookings), "orphans": int64(p.Orphans), "oversold": int64(p.Oversold), "unbalanced": int64(p.Unbalanced),
	}, err
}

// purge removes everything: nobody but citizens can sign in, and no row knows its
// run.
func (m *Marketplace) purge(ctx context.Context, asked testhooks.PurgeRequest) (map[string]int64, error) {
	if asked.Run != "" {
		return nil, &simcity.FieldError{Field: "run", Value: asked.Run, Allowed: "nothing", Fix: "leave it out: the marketplace purges everything synthetic"}
	}
	p, err := m.app.Purge(ctx, asked.DryRun)
	return map[string]int64{
		"users": int64(p.Users), "sessions": int64(p.Sessions), "vendors": int64(p.Vendors), "bookings": int64(p.Bookings),
		"messages": int64(p.Messages), "ledgerEntries": int64(p.Entries), "idempotencyKeys": int64(p.Answers),
	}, err
}

// Close reverts faults, stops the app, which checks its data, and lets the
// database go.
func (m *Marketplace) Close(ctx context.Context) error {
	var err error
	if m.hooks != nil {
		err = m.hooks.Close(ctx)
	}
	if m.app != nil {
		err = errors.Join(err, m.app.Close())
	}
	if m.pool != nil {
		m.pool.Close()
	}
	return err
}
