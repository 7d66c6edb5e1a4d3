package pgstore_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/examples/booking"
	"github.com/bookiji/simcity/examples/booking/pgstore"
	"github.com/bookiji/simcity/examples/booking/storetest"
	"github.com/bookiji/simcity/internal/pgtest"
)

func TestStore(t *testing.T) {
	t.Parallel()
	open := func(t *testing.T) booking.Store { return setup(t) }
	storetest.Run(t, open)
	storetest.RunListings(t, open)
	storetest.RunPolicies(t, open)
}

// noon is an hour of a day to come, so that the slots are not past.
func noon() time.Time { return time.Now().UTC().Truncate(24 * time.Hour).Add(60 * time.Hour) }

// slot is a hold of an hour at v-1 that has not lapsed.
func slot(id, customer string, start time.Time) booking.Booking {
	return booking.Booking{
		ID: id, Vendor: "v-1", Service: "svc_1", Customer: customer, Status: booking.StatusHeld,
		Start: start, End: start.Add(time.Hour), ExpiresAt: time.Now().Add(time.Hour), Capacity: 1,
	}
}

func (b bench) put(t testing.TB, bookings ...booking.Booking) error {
	t.Helper()
	return b.Update(t.Context(), func(tx booking.Tx) error {
		for _, one := range bookings {
			if err := tx.PutBooking(one); err != nil {
				return err
			}
		}
		return nil
	})
}

func (b bench) find(t testing.TB, id string) (found booking.Booking) {
	t.Helper()
	require.NoError(t, b.View(t.Context(), func(tx booking.Tx) (err error) {
		found, err = tx.Booking(id)
		return err
	}))
	return found
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	_, err := pgstore.Open(t.Context(), pgstore.Config{})
	require.EqualError(t, err, "pgstore: Config.Pool is missing")
	pool, err := connect(t.Context(), pgtest.Database(t, pgtest.Supabase))
	require.NoError(t, err)
	defer pool.Close()
	_, err = pgstore.Open(t.Context(), pgstore.Config{Pool: pool, LockTimeout: time.Microsecond})
	require.EqualError(t, err, "pgstore: Config.LockTimeout is less than a millisecond")
	_, err = pgstore.Open(t.Context(), pgstore.Config{Pool: pool})
	require.ErrorContains(t, err, "run Migrate first")
	require.NoError(t, pgstore.Migrate(t.Context(), pool))
	_, err = pgstore.Open(t.Context(), pgstore.Config{Pool: pool, Bugs: []pgstore.Bug{"typo"}})
	require.ErrorContains(t, err, `Config.Bugs names "typo"`)
}

func TestMigrateAgainKeepsDataAndRepairs(t *testing.T) {
	t.Parallel()
	b := setup(t, pgstore.BugNoExclusion, pgstore.BugMissingRLS)
	require.NoError(t, b.put(t, slot("bk_1", "cus_1", noon())))
	require.NoError(t, pgstore.Migrate(t.Context(), b.pool))
	require.Equal(t, "cus_1", b.find(t, "bk_1").Customer)
	require.ErrorIs(t, b.put(t, slot("bk_2", "cus_2", noon())), booking.ErrTaken)
	require.Empty(t, b.seenAs(t, stranger))
}

// Two raw inserts of one slot at once: the database lets one win.
func TestOneOfTwoInsertsWins(t *testing.T) {
	t.Parallel()
	b := setup(t)
	insert := func(id string) error {
		_, err := b.pool.Exec(t.Context(), `insert into bookings (id, vendor, service, customer, starts, ends, status,
			fee_cents, charged_cents, refunded_cents, promo, capacity, as_sent)
			values ($1, 'v-1', 'svc_1', 'cus_1', $2, $3, 'confirmed', 0, 0, 0, '', 1, '')`, id, noon(), noon().Add(time.Hour))
		return err
	}
	var errs [2]error
	var both sync.WaitGroup
	for i, id := range []string{"bk_1", "bk_2"} {
		both.Go(func() { errs[i] = insert(id) })
	}
	both.Wait()
	require.True(t, (errs[0] == nil) != (errs[1] == nil), errs)
	var refused *pgconn.PgError
	require.ErrorAs(t, errors.Join(errs[:]...), &refused)
	require.Equal(t, "23P01", refused.Code)
	require.Equal(t, "bookings_exclusive", refused.ConstraintName)
}

func TestTakenSlotsAreRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	seat := func(id string) booking.Booking {
		s := slot(id, "cus_1", noon())
		s.Capacity = 2
		return s
	}
	require.NoError(t, b.put(t, slot("bk_1", "cus_1", noon()), seat("bk_2"), seat("bk_3")))
	require.ErrorIs(t, b.put(t, slot("bk_4", "cus_2", noon().Add(30*time.Minute))), booking.ErrTaken)
	require.ErrorIs(t, b.put(t, seat("bk_5")), booking.ErrTaken)
	require.NoError(t, b.put(t, slot("bk_6", "cus_2", noon().Add(time.Hour))))
	require.ErrorIs(t, b.put(t, slot("bk_6", "cus_2", noon())), booking.ErrTaken, "a move")
}

// A hold that has lapsed is in nobody's way, whether it was swept or not.
func TestLapsedHoldsMakeRoom(t *testing.T) {
	t.Parallel()
	b := setup(t)
	lapsed, seat := slot("bk_1", "cus_1", noon()), slot("bk_2", "cus_1", noon())
	seat.Capacity = 2
	lapsed.ExpiresAt, seat.ExpiresAt = time.Now().Add(-time.Second), time.Now().Add(-time.Second)
	require.NoError(t, b.put(t, lapsed, seat))
	require.NoError(t, b.put(t, slot("bk_3", "cus_2", noon().Add(30*time.Minute))))
	for _, id := range []string{"bk_1", "bk_2"} {
		ended := b.find(t, id)
		require.Equal(t, booking.StatusExpired, ended.Status)
		require.WithinDuration(t, time.Now(), ended.FinishedAt, time.Minute)
		require.Zero(t, ended.ExpiresAt)
	}
}

// A hold is not given away before the nanosecond that its customer was told.
func TestHoldsLastAsLongAsPromised(t *testing.T) {
	t.Parallel()
	b := setup(t)
	held := slot("bk_1", "cus_1", noon())
	held.ExpiresAt = noon().Add(-time.Hour + 137*time.Nanosecond)
	require.NoError(t, b.put(t, held))
	require.Equal(t, noon().Add(-time.Hour+time.Microsecond), b.find(t, "bk_1").ExpiresAt)
	held.ExpiresAt = noon()
	require.NoError(t, b.put(t, held))
	require.Equal(t, noon(), b.find(t, "bk_1").ExpiresAt)
}

// Two updates that read before either has written: the database refuses one,
// which then runs again, and nothing is lost.
func TestUpdatesThatCollideRunAgain(t *testing.T) {
	t.Parallel()
	b := setup(t)
	require.NoError(t, b.Update(t.Context(), func(tx booking.Tx) error {
		return tx.PutVendor(booking.Vendor{Handle: "v-1", Owner: "ven_1"})
	}))
	var runs, both sync.WaitGroup
	var attempts [2]int
	both.Add(2)
	for i := range attempts {
		runs.Go(func() {
			err := b.Update(t.Context(), func(tx booking.Tx) error {
				v, err := tx.Vendor("v-1")
				if attempts[i]++; attempts[i] == 1 {
					both.Done()
					both.Wait()
				}
				v.Accepted++
				return errors.Join(err, tx.PutVendor(v))
			})
			require.NoError(t, err)
		})
	}
	runs.Wait()
	require.Equal(t, 3, attempts[0]+attempts[1])
	require.NoError(t, b.View(t.Context(), func(tx booking.Tx) error {
		v, err := tx.Vendor("v-1")
		require.Equal(t, 2, v.Accepted)
		return err
	}))
}

// A lock that somebody keeps ends an attempt, not the update.
func TestUpdateWaitsForALockInPortions(t *testing.T) {
	t.Parallel()
	b := open(t, schema.Database(t), pgstore.Config{LockTimeout: 5 * time.Millisecond})
	require.NoError(t, b.put(t, slot("bk_1", "cus_1", noon())))
	keeper, err := b.pool.Begin(t.Context())
	require.NoError(t, err)
	_, err = keeper.Exec(t.Context(), `update bookings set promo = 'X'`)
	require.NoError(t, err)
	attempts := 0
	err = b.Update(t.Context(), func(tx booking.Tx) error {
		if attempts++; attempts == 3 {
			require.NoError(t, keeper.Commit(t.Context()))
		}
		return tx.PutBooking(slot("bk_1", "cus_1", noon()))
	})
	require.NoError(t, err)
	require.GreaterOrEqual(t, attempts, 3)
}

func TestUpdateGivesUp(t *testing.T) {
	t.Parallel()
	b := open(t, schema.Database(t), pgstore.Config{LockTimeout: time.Millisecond})
	require.NoError(t, b.put(t, slot("bk_1", "cus_1", noon())))
	keeper, err := b.pool.Begin(t.Context())
	require.NoError(t, err)
	defer func() { _ = keeper.Rollback(context.Background()) }()
	_, err = keeper.Exec(t.Context(), `update bookings set promo = 'X'`)
	require.NoError(t, err)
	require.ErrorContains(t, b.put(t, slot("bk_1", "cus_1", noon())), "gave up after 20 attempts")

	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	err = b.Update(ctx, func(tx booking.Tx) error { return tx.PutBooking(slot("bk_1", "cus_1", noon())) })
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

// A purge reads everything, so that every update is in its way; it has the tables
// to itself.
func TestPurgeAmidUpdates(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx, cancel := context.WithCancel(t.Context())
	var writers, busy sync.WaitGroup
	for i := range 4 {
		busy.Add(5)
		writers.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				if n < 5 {
					busy.Done()
				}
				_ = b.Update(ctx, func(tx booking.Tx) error { // it may well give up
					id := fmt.Sprintf("bk_%d_%d", i, n)
					if _, err := tx.Booking(id); !errors.Is(err, booking.ErrNotFound) {
						return err
					}
					return tx.PutBooking(slot(id, "cus_1", noon().Add(time.Duration(4*n+i)*time.Hour)))
				})
			}
		})
	}
	busy.Wait()
	attempts := 0
	err := b.Update(t.Context(), func(tx booking.Tx) error { attempts++; _, err := tx.Purge(); return err })
	cancel()
	writers.Wait()
	require.NoError(t, err)
	require.Less(t, attempts, 5)
}

// What is written while a purge waits for the tables is purged and told with the
// rest, and is no reason to begin again.
func TestPurgeWaitsForWhoIsWriting(t *testing.T) {
	t.Parallel()
	b := setup(t)
	attempts, purged, done := 0, booking.Holdings{}, make(chan error, 1)
	require.NoError(t, b.Update(t.Context(), func(tx booking.Tx) error {
		if err := tx.PutBooking(slot("bk_1", "cus_1", noon())); err != nil {
			return err
		}
		go func() {
			done <- b.Update(t.Context(), func(tx booking.Tx) (err error) {
				attempts++
				purged, err = tx.Purge()
				return err
			})
		}()
		require.Eventually(t, b.somebodyWaits(t), time.Minute, time.Millisecond)
		return nil
	}))
	require.NoError(t, <-done)
	require.Equal(t, 1, attempts)
	require.Equal(t, booking.Holdings{Bookings: 1, Live: 1}, purged)
	require.NoError(t, b.View(t.Context(), func(tx booking.Tx) error {
		left, err := tx.Holdings()
		require.Zero(t, left)
		return err
	}))
}

// An update that saw a booking before the purge writes nothing about it afterwards.
func TestPurgeRefusesWhoBeganBefore(t *testing.T) {
	t.Parallel()
	b := setup(t)
	require.NoError(t, b.put(t, slot("bk_1", "cus_1", noon())))
	attempts := 0
	err := b.Update(t.Context(), func(tx booking.Tx) error {
		if _, err := tx.NextID(booking.SequenceCharge); err != nil { // sees the data of now
			return err
		}
		if attempts++; attempts == 1 {
			require.NoError(t, b.Update(t.Context(), func(tx booking.Tx) error { _, err := tx.Purge(); return err }))
		}
		if _, err := tx.Booking("bk_1"); err != nil {
			return err
		}
		return tx.StoreAnswer(booking.IdempotencyKey{User: "payments", Key: "ev_1"}, booking.Answer{At: noon(), Body: []byte("settled")})
	})
	require.ErrorIs(t, err, booking.ErrNotFound)
	require.Equal(t, 2, attempts)
}

// somebodyWaits says whether a transaction in the database waits for a table.
func (b bench) somebodyWaits(t *testing.T) func() bool {
	return func() (waits bool) {
		err := b.pool.QueryRow(t.Context(), `select count(*) > 0 from pg_locks
			where not granted and relation = 'public.bookings'::regclass`).Scan(&waits)
		return err == nil && waits
	}
}

// What the database refused is not committed because somebody passed over it.
func TestAnErrorThatIsPassedOverFailsTheUpdate(t *testing.T) {
	t.Parallel()
	b := setup(t)
	require.NoError(t, b.put(t, slot("bk_1", "cus_1", noon())))
	err := b.Update(t.Context(), func(tx booking.Tx) error {
		_ = tx.PutBooking(slot("bk_2", "cus_2", noon()))
		return nil
	})
	require.ErrorIs(t, err, booking.ErrTaken)
}

// Every transaction takes one connection and gives it back, so that one is
// enough for all.
func TestOneConnectionIsEnough(t *testing.T) {
	t.Parallel()
	b := open(t, schema.Database(t), pgstore.Config{}, func(c *pgxpool.Config) { c.MaxConns = 1 })
	storetest.Run(t, func(t *testing.T) booking.Store {
		return open(t, schema.Database(t), pgstore.Config{}, func(c *pgxpool.Config) { c.MaxConns = 1 })
	})
	require.Panics(t, func() { _ = b.View(t.Context(), func(booking.Tx) error { panic("halfway") }) })
	require.NoError(t, b.RefreshListings(t.Context()))
	_, err := b.GuardPolicies(t.Context())
	require.NoError(t, err)
	require.Zero(t, b.pool.Stat().AcquiredConns())
}
