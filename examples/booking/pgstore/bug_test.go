package pgstore_test

import (
	"context"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/examples/booking"
	"github.com/bookiji/simcity/examples/booking/pgstore"
)

func TestTheManualListsTheBugs(t *testing.T) {
	t.Parallel()
	manual, err := os.ReadFile("doc.go")
	require.NoError(t, err)
	words := strings.Join(strings.Fields(string(manual)), " ")
	for _, bug := range pgstore.Bugs() {
		require.Contains(t, words, string(bug)+" "+bug.Text())
	}
	require.Empty(t, pgstore.Bug("typo").Text())
}

// together runs two functions that both reach the meeting before either goes on.
func together(run func(i int, meet func())) {
	var both, ends sync.WaitGroup
	both.Add(2)
	for i := range 2 {
		var once sync.Once
		ends.Go(func() {
			run(i, func() { once.Do(func() { both.Done(); both.Wait() }) })
		})
	}
	ends.Wait()
}

// Both look before either books.
func TestBugNoExclusion(t *testing.T) {
	t.Parallel()
	for _, bugs := range [][]pgstore.Bug{nil, {pgstore.BugNoExclusion}} {
		b := setup(t, bugs...)
		booked := make([]error, 2)
		together(func(i int, meet func()) {
			booked[i] = b.Update(t.Context(), func(tx booking.Tx) error {
				near, err := tx.Calendar("v-1", noon(), noon().Add(time.Hour))
				meet()
				if err != nil || len(near) > 0 {
					return errTakenOr(err)
				}
				return tx.PutBooking(slot([]string{"bk_1", "bk_2"}[i], "cus_1", noon()))
			})
		})
		if bugs != nil {
			require.Equal(t, []error{nil, nil}, booked, "sold twice")
			continue
		}
		require.True(t, (booked[0] == nil) != (booked[1] == nil), booked)
	}
}

func errTakenOr(err error) error {
	if err == nil {
		return booking.ErrTaken
	}
	return err
}

// meeting is a tracer that lets two statements meet before either is sent.
type meeting struct {
	sql string
	at  func()
}

func (m *meeting) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	if m.at != nil && strings.HasPrefix(data.SQL, m.sql) {
		m.at()
	}
	return ctx
}

func (*meeting) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// Both have read what the uses are before either writes it back.
func TestBugLostUpdate(t *testing.T) {
	t.Parallel()
	for _, bugs := range [][]pgstore.Bug{nil, {pgstore.BugLostUpdate}} {
		var both sync.WaitGroup
		both.Add(2)
		m := &meeting{sql: "insert into public.promos values"}
		b := open(t, schema.Database(t), pgstore.Config{Bugs: bugs}, func(c *pgxpool.Config) { c.ConnConfig.Tracer = m })
		m.at = func() { both.Done(); both.Wait() }
		together(func(i int, _ func()) {
			require.NoError(t, b.Update(t.Context(), func(tx booking.Tx) error {
				return tx.UsePromo("WELCOME", []string{"ann", "bea"}[i])
			}))
		})
		m.at = nil
		require.NoError(t, b.View(t.Context(), func(tx booking.Tx) error {
			uses, err := tx.PromoUses("WELCOME")
			require.Equal(t, 2-len(bugs), uses)
			return err
		}))
	}
}

// As many as there are connections read their entries at once.
func TestBugSecondConnection(t *testing.T) {
	t.Parallel()
	two := func(c *pgxpool.Config) { c.MaxConns = 2 }
	for _, bugs := range [][]pgstore.Bug{nil, {pgstore.BugSecondConnection}} {
		b := open(t, schema.Database(t), pgstore.Config{Bugs: bugs}, two)
		limit := time.Minute
		if bugs != nil {
			limit = 300 * time.Millisecond // both wait for ever
		}
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		defer cancel()
		read := make([]error, 2)
		together(func(i int, meet func()) {
			read[i] = b.View(ctx, func(tx booking.Tx) error {
				meet()
				_, err := tx.Entries("cus_1", 9)
				return err
			})
		})
		for _, err := range read {
			if bugs == nil {
				require.NoError(t, err)
			} else {
				require.ErrorIs(t, err, context.DeadlineExceeded)
			}
		}
	}
}

func TestBugRefreshDies(t *testing.T) {
	t.Parallel()
	b := setup(t, pgstore.BugRefreshDies)
	for i, handle := range []string{"a", "b", "c", "d"} {
		require.NoError(t, b.Update(t.Context(), func(tx booking.Tx) error {
			return tx.PutVendor(booking.Vendor{Handle: handle, Owner: handle})
		}))
		require.NoError(t, b.RefreshListings(t.Context()))
		require.NoError(t, b.View(t.Context(), func(tx booking.Tx) error {
			listed, err := tx.Listings("")
			require.Len(t, listed, min(i+1, 2))
			return err
		}))
	}
}

func TestRefreshFailsOnALock(t *testing.T) {
	t.Parallel()
	b := open(t, schema.Database(t), pgstore.Config{LockTimeout: time.Millisecond})
	keeper, err := b.pool.Begin(t.Context())
	require.NoError(t, err)
	defer func() { _ = keeper.Rollback(context.Background()) }()
	_, err = keeper.Exec(t.Context(), `refresh materialized view listings`)
	require.NoError(t, err)
	require.ErrorContains(t, b.RefreshListings(t.Context()), "lock timeout")
}
