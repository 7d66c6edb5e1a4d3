package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/bookiji/simcity/chaos/postgres"
	"github.com/bookiji/simcity/examples/booking"
	"github.com/bookiji/simcity/examples/booking/pgstore"
	"github.com/bookiji/simcity/simcity"
	"github.com/bookiji/simcity/simcity/missioncontrol/local"
	"github.com/bookiji/simcity/simcity/testhooks"
)

// ratePerMinute is the app's usual limit of requests of one user.
const ratePerMinute = 600

// A marketplace is the reference app as a staging system: it stays up, and runs in
// other processes reach it as they would reach yours.
type marketplace struct {
	http.Handler
	app   *booking.App
	hooks *testhooks.Handler
	pool  *pgxpool.Pool // nil: it keeps its data in memory
}

// newMarketplace builds it for a listener, with test hooks beside it.
func newMarketplace(ctx context.Context, s settings, at net.Addr) (m *marketplace, err error) {
	m = &marketplace{}
	defer func() {
		if err != nil {
			err = errors.Join(err, m.close(context.WithoutCancel(ctx)))
		}
	}()
	store, rls, err := m.open(ctx, s.database)
	if err != nil {
		return m, err
	}
	m.app, err = booking.New(booking.Config{
		Env: s.environment, Store: store,
		Speed: s.speed, RatePerMinute: int(ratePerMinute * s.speed), // citizens in compressed time ask as much more often
		WebhookClient: &http.Client{}, WebhookURL: "http://" + at.String() + "/api/payments/webhook", WebhookSecret: rand.Text(),
	})
	if err != nil {
		return m, err
	}
	m.hooks, err = testhooks.New(testhooks.Config{
		Environment: s.environment, Secret: s.secret,
		Login: m.login, Hooks: hooksOf(m.app, rls), Probes: m.probes, Purge: m.purge,
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

// serveMarketplace lets it be reached until stop is called.
func serveMarketplace(ctx context.Context, s settings, out io.Writer) (stop func() error, err error) {
	told := "in SIMCITY_SECRET"
	if s.secret == "" {
		s.secret = rand.Text()
		told = s.secret
	}
	listener, err := local.Listen(s.marketplace)
	if err != nil {
		return nil, err
	}
	m, err := newMarketplace(ctx, s, listener.Addr())
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	fmt.Fprintf(out, "Marketplace:     http://%s, environment %s\nIts secret:      %s\n", listener.Addr(), s.environment, told)
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	served := make(chan error, 1)
	go func() {
		served <- local.Serve(ctx, listener, m, func() error { return m.close(context.WithoutCancel(ctx)) })
	}()
	return func() error { cancel(); return <-served }, nil
}

// open makes the store, and what breaks its row-level policies.
func (m *marketplace) open(ctx context.Context, database string) (booking.Store, misconfigure, error) {
	if database == "" {
		store := booking.NewMemoryStore()
		return store, inMemory(store), nil
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
func (m *marketplace) login(_ context.Context, c testhooks.Citizen) (testhooks.Session, error) {
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

func (m *marketplace) probes(ctx context.Context) (map[string]int64, error) {
	p, err := m.app.Probe(ctx)
	return map[string]int64{
		"doubleBookings": int64(p.DoubleBookings), "orphans": int64(p.Orphans), "oversold": int64(p.Oversold), "unbalanced": int64(p.Unbalanced),
	}, err
}

// purge removes everything: nobody but citizens can sign in, and no row knows its
// run.
func (m *marketplace) purge(ctx context.Context, asked testhooks.PurgeRequest) (map[string]int64, error) {
	if asked.Run != "" {
		return nil, &simcity.FieldError{Field: "run", Value: asked.Run, Allowed: "nothing", Fix: "leave it out: the marketplace purges everything synthetic"}
	}
	p, err := m.app.Purge(ctx, asked.DryRun)
	return map[string]int64{
		"users": int64(p.Users), "sessions": int64(p.Sessions), "vendors": int64(p.Vendors), "bookings": int64(p.Bookings),
		"messages": int64(p.Messages), "ledgerEntries": int64(p.Entries), "idempotencyKeys": int64(p.Answers),
	}, err
}

// close reverts faults, stops the app, which checks its data, and lets the
// database go.
func (m *marketplace) close(ctx context.Context) error {
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
