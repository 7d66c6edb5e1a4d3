package booking_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/examples/booking"
)

// A Store of any kind must pass these tests; see testStore.
func TestMemoryStore(t *testing.T) {
	t.Parallel()
	testStore(t, func() booking.Store { return booking.NewMemoryStore() })
}

var errChangedMind = errors.New("changed my mind")

// testStore is the conformance suite of stores.
func testStore(t *testing.T, open func() booking.Store) {
	for name, test := range map[string]func(*testing.T, booking.Store){
		"a view cannot write":                   viewCannotWrite,
		"a failed update changes nothing":       failedUpdateChangesNothing,
		"an update that panics changes nothing": panickedUpdateChangesNothing,
		"the calendar has what overlaps":        calendarHasWhatOverlaps,
		"lists are in order":                    listsAreInOrder,
		"compaction keeps totals":               compactionKeepsTotals,
		"a cancelled context does nothing":      cancelledContextDoesNothing,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open())
		})
	}
}

// sample is a booking of an hour, held by ann at v-1.
func sample(id string, start time.Time) booking.Booking {
	return booking.Booking{
		ID: id, Vendor: "v-1", Service: "svc_1", Customer: "cus_1", Status: booking.StatusHeld,
		Start: start, End: start.Add(time.Hour), ExpiresAt: monday(1, 0), Capacity: 1,
	}
}

// fill writes one of everything.
func fill(tx booking.Tx, id string, start time.Time) error {
	next, err := tx.NextID(booking.SequenceBooking)
	return errors.Join(err,
		tx.PutVendor(booking.Vendor{Handle: "v-1", Owner: "ven_1", City: "Berlin", Name: "written by " + next}),
		tx.PutBooking(sample(id, start)),
		tx.AppendEntry(booking.Entry{ID: "ch " + id, Booking: id, Customer: "cus_1", Vendor: "v-1", Kind: booking.KindCharge, Cents: 100}),
		tx.AppendMessage(booking.Message{ID: "msg " + id, Booking: id, Text: "hello"}),
		tx.UsePromo("WELCOME", "customer of "+id),
		tx.StoreAnswer(booking.IdempotencyKey{Key: id}, booking.Answer{At: start, Body: []byte("done")}),
	)
}

// state is all that a store would answer.
func state(t *testing.T, store booking.Store) []any {
	t.Helper()
	var all []any
	note := func(v any, err error) { all = append(all, v, err) }
	require.NoError(t, store.View(t.Context(), func(tx booking.Tx) error {
		note(tx.Vendors(""))
		note(tx.Vendors("berlin"))
		note(tx.VendorOf("ven_1"))
		note(tx.AllBookings())
		note(tx.Calendar("v-1", monday(0, 0), monday(24, 0)))
		note(tx.CountLive("cus_1", monday(0, 0)))
		note(tx.LapsedHolds(monday(24, 0), 9))
		note(tx.Begun(monday(24, 0)))
		note(tx.Inbox("v-1", 9))
		for _, party := range []string{"cus_1", "v-1", ""} {
			note(tx.BookingsOf(party, 9))
			note(tx.Entries(party, 9))
			note(tx.Totals(party))
		}
		for _, id := range []string{"one", "two"} {
			note(tx.Messages(id))
			note(tx.Balance(id))
			note(tx.Answered(booking.IdempotencyKey{Key: id}))
		}
		note(tx.PromoUses("WELCOME"))
		note(tx.Holdings())
		return nil
	}))
	return all
}

// meddle changes everything there is in every way.
func meddle(tx booking.Tx) error {
	one, err := tx.Booking("one")
	one.Status, one.RequestedAt, one.Start = booking.StatusRequested, monday(2, 0), monday(12, 0)
	two := sample("two", monday(15, 0))
	two.Status, two.FinishedAt = booking.StatusCancelled, monday(3, 0)
	err = errors.Join(err, tx.PutBooking(one), fill(tx, "two", monday(15, 0)), tx.PutBooking(two))
	_, compact := tx.Compact(monday(4, 0))
	_, forget := tx.ForgetAnswers(monday(24, 0))
	return errors.Join(err, compact, forget, fill(tx, "three", monday(17, 0)), tx.Purge(), fill(tx, "four", monday(9, 0)))
}

func failedUpdateChangesNothing(t *testing.T, store booking.Store) {
	require.NoError(t, store.Update(t.Context(), func(tx booking.Tx) error { return fill(tx, "one", monday(9, 0)) }))
	before := state(t, store)
	err := store.Update(t.Context(), func(tx booking.Tx) error {
		require.NoError(t, meddle(tx))
		return errChangedMind
	})
	require.ErrorIs(t, err, errChangedMind)
	require.Equal(t, before, state(t, store))
	require.NoError(t, store.Update(t.Context(), meddle))
	require.NotEqual(t, before, state(t, store))
}

func panickedUpdateChangesNothing(t *testing.T, store booking.Store) {
	before := state(t, store)
	require.Panics(t, func() {
		_ = store.Update(t.Context(), func(tx booking.Tx) error {
			require.NoError(t, fill(tx, "one", monday(9, 0)))
			panic("halfway")
		})
	})
	require.Equal(t, before, state(t, store))
}

func viewCannotWrite(t *testing.T, store booking.Store) {
	require.NoError(t, store.View(t.Context(), func(tx booking.Tx) error {
		_, err := tx.NextID(booking.SequenceBooking)
		require.ErrorIs(t, err, booking.ErrReadOnly)
		require.ErrorIs(t, tx.PutBooking(sample("one", monday(9, 0))), booking.ErrReadOnly)
		require.ErrorIs(t, tx.PutVendor(booking.Vendor{Handle: "v-1"}), booking.ErrReadOnly)
		require.ErrorIs(t, tx.UsePromo("WELCOME", "cus_1"), booking.ErrReadOnly)
		require.ErrorIs(t, tx.Purge(), booking.ErrReadOnly)
		return nil
	}))
}

func calendarHasWhatOverlaps(t *testing.T, store booking.Store) {
	require.NoError(t, store.Update(t.Context(), func(tx booking.Tx) error {
		gone := sample("gone", monday(9, 0))
		gone.Status = booking.StatusCancelled
		return errors.Join(
			tx.PutBooking(sample("eight", monday(8, 0))), tx.PutBooking(sample("nine", monday(9, 0))),
			tx.PutBooking(sample("ten", monday(10, 0))), tx.PutBooking(gone),
		)
	}))
	calendar := func(from, to time.Time) (ids []string) {
		require.NoError(t, store.View(t.Context(), func(tx booking.Tx) error {
			found, err := tx.Calendar("v-1", from, to)
			for _, b := range found {
				ids = append(ids, b.ID)
			}
			return err
		}))
		return ids
	}
	require.Equal(t, []string{"nine"}, calendar(monday(9, 0), monday(10, 0)))
	require.Equal(t, []string{"eight", "nine"}, calendar(monday(8, 59), monday(9, 1)))
	require.Equal(t, []string{"eight", "nine", "ten"}, calendar(monday(0, 0), monday(24, 0)))
	require.Empty(t, calendar(monday(11, 0), monday(12, 0)))
}

func listsAreInOrder(t *testing.T, store booking.Store) {
	require.NoError(t, store.Update(t.Context(), func(tx booking.Tx) error {
		for i, id := range []string{"bk_9", "bk_10", "bk_11"} {
			b := sample(id, monday(20-i, 0))
			b.Status, b.RequestedAt = booking.StatusRequested, monday(9-i, 0)
			require.NoError(t, tx.PutBooking(b))
		}
		return errors.Join(
			tx.PutVendor(booking.Vendor{Handle: "b", Owner: "x", City: "Berlin"}),
			tx.PutVendor(booking.Vendor{Handle: "a", Owner: "y", City: "berlin "}),
		)
	}))
	ids := func(list []booking.Booking, err error) (ids []string) {
		require.NoError(t, err)
		for _, b := range list {
			ids = append(ids, b.ID)
		}
		return ids
	}
	require.NoError(t, store.View(t.Context(), func(tx booking.Tx) error {
		require.Equal(t, []string{"bk_9", "bk_10", "bk_11"}, ids(tx.AllBookings()))
		require.Equal(t, []string{"bk_11", "bk_10"}, ids(tx.BookingsOf("cus_1", 2)))
		require.Equal(t, []string{"bk_11", "bk_10"}, ids(tx.Inbox("v-1", 2)))
		require.Equal(t, []string{"bk_11", "bk_10", "bk_9"}, ids(tx.Calendar("v-1", monday(0, 0), monday(24, 0))))
		vendors, err := tx.Vendors(" BERLIN")
		require.Equal(t, "a", vendors[0].Handle)
		return err
	}))
}

func compactionKeepsTotals(t *testing.T, store booking.Store) {
	require.NoError(t, store.Update(t.Context(), func(tx booking.Tx) error {
		done := sample("one", monday(9, 0))
		done.Status, done.FinishedAt = booking.StatusCompleted, monday(10, 0)
		return errors.Join(fill(tx, "one", monday(9, 0)), tx.PutBooking(done), fill(tx, "two", monday(12, 0)))
	}))
	require.NoError(t, store.Update(t.Context(), func(tx booking.Tx) error {
		n, err := tx.Compact(monday(10, 0))
		require.Zero(t, n, "finished at the limit is not before it")
		return err
	}))
	require.NoError(t, store.Update(t.Context(), func(tx booking.Tx) error {
		n, err := tx.Compact(monday(10, 1))
		require.Equal(t, 1, n)
		_, gone := tx.Booking("one")
		require.ErrorIs(t, gone, booking.ErrNotFound)
		h, _ := tx.Holdings()
		require.Equal(t, []int{1, 1, 1}, []int{h.Bookings, h.Entries, h.Messages})
		for _, party := range []string{"cus_1", "v-1", ""} {
			sum, err := tx.Totals(party)
			require.NoError(t, err)
			require.Equal(t, booking.Totals{ChargedCents: 200, Charges: 2}, sum)
		}
		return err
	}))
}

func cancelledContextDoesNothing(t *testing.T, store booking.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	never := func(booking.Tx) error { panic("called") }
	require.ErrorIs(t, store.View(ctx, never), context.Canceled)
	require.ErrorIs(t, store.Update(ctx, never), context.Canceled)
}
