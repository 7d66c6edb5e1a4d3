package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/bookiji/simcity/examples/booking"
)

// Run tests what every store promises.
func Run(t *testing.T, open func(t *testing.T) booking.Store) {
	t.Helper()
	run(t, open, basics)
}

var basics = []promise{
	{"a view cannot write", viewCannotWrite},
	{"a failed update changes nothing", failedUpdateChangesNothing},
	{"an update that panics changes nothing", panickedUpdateChangesNothing},
	{"what is put is found again", whatIsPutIsFound},
	{"what is not there is not found", whatIsNotThere},
	{"the calendar has what overlaps", calendarHasWhatOverlaps},
	{"lists are in order", listsAreInOrder},
	{"a promo code counts each customer once", promoCountsOnce},
	{"compaction keeps totals", compactionKeepsTotals},
	{"a cancelled context does nothing", cancelledContextDoesNothing},
}

var errChangedMind = errors.New("changed my mind")

// state is all that a store would answer.
func state(c check) []any {
	c.Helper()
	var all []any
	note := func(v any, err error) { all = append(all, v, err) }
	c.view(func(tx booking.Tx) error {
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
	})
	return all
}

// meddle changes everything there is in every way.
func meddle(tx booking.Tx) error {
	one, err := tx.Booking("one")
	one.Status, one.RequestedAt, one.Start, one.End = booking.StatusRequested, monday(2, 0), monday(12, 0), monday(13, 0)
	two := sample("two", monday(15, 0))
	two.Status, two.FinishedAt = booking.StatusCancelled, monday(3, 0)
	err = errors.Join(err, tx.PutBooking(one), fill(tx, "two", monday(15, 0)), tx.PutBooking(two))
	_, compact := tx.Compact(monday(4, 0))
	_, forget := tx.ForgetAnswers(monday(24, 0))
	third := fill(tx, "three", monday(17, 0))
	_, purge := tx.Purge()
	return errors.Join(err, compact, forget, third, purge, fill(tx, "four", monday(9, 0)))
}

func failedUpdateChangesNothing(c check) {
	c.update(func(tx booking.Tx) error { return fill(tx, "one", monday(9, 0)) })
	before := state(c)
	err := c.store.Update(c.Context(), func(tx booking.Tx) error {
		c.ok(meddle(tx))
		return errChangedMind
	})
	c.is(err, errChangedMind)
	c.equal(before, state(c))
	c.update(meddle)
	after := state(c)
	c.that(len(before) == len(after), "a state has a fixed form")
	c.equal([]string{"four"}, afterwards(c))
}

// afterwards are the bookings that meddle leaves.
func afterwards(c check) (ids []string) {
	c.view(func(tx booking.Tx) error {
		ids = c.ids(tx.AllBookings())
		return nil
	})
	return ids
}

func panickedUpdateChangesNothing(c check) {
	before := state(c)
	func() {
		defer func() { c.equal("halfway", recover()) }()
		_ = c.store.Update(c.Context(), func(tx booking.Tx) error {
			c.ok(fill(tx, "one", monday(9, 0)))
			panic("halfway")
		})
	}()
	c.equal(before, state(c))
}

func viewCannotWrite(c check) {
	c.view(func(tx booking.Tx) error {
		_, err := tx.NextID(booking.SequenceBooking)
		c.is(err, booking.ErrReadOnly)
		c.is(tx.PutBooking(sample("one", monday(9, 0))), booking.ErrReadOnly)
		c.is(tx.PutVendor(booking.Vendor{Handle: "v-1"}), booking.ErrReadOnly)
		c.is(tx.UsePromo("WELCOME", "cus_1"), booking.ErrReadOnly)
		_, err = tx.Purge()
		c.is(err, booking.ErrReadOnly)
		return nil
	})
}

func whatIsPutIsFound(c check) {
	b := sample("bk_1", monday(9, 0))
	b.CreatedAt, b.RequestedAt, b.ProposedStart, b.CheckedInAt = monday(1, 0), monday(2, 0), monday(3, 0), monday(4, 0)
	b.FinishedAt, b.FeeCents, b.ChargedCents, b.RefundedCents = monday(5, 0), 1, 2, 3
	b.Promo, b.Capacity, b.AsSent = "WELCOME", 2, "V-1 Z"
	bare := booking.Booking{ID: "bk_2", Vendor: "v-1", Customer: "cus_1", Status: booking.StatusExpired,
		Start: monday(9, 0), End: monday(10, 0), Capacity: 1}
	v := booking.Vendor{
		Handle: "v-1", Owner: "ven_1", Name: "O'Spa", City: "Köln", Timezone: "Europe/Berlin", OpenFrom: 8, OpenTo: 18,
		Rating: 4.5, Accepted: 7, Declined: 8,
		Services: []booking.Service{{ID: "svc_1", Name: "\"Cut\"", DurationMinutes: 30, PriceCents: 900, Capacity: 4}},
	}
	key := booking.IdempotencyKey{User: "cus_1", Path: "/", Key: "k"}
	answer := booking.Answer{At: monday(9, 0), Fingerprint: [32]byte{1, 31: 2}, Status: 201, Body: []byte("{}\n")}
	c.update(func(tx booking.Tx) error {
		return errors.Join(tx.PutBooking(b), tx.PutBooking(bare), tx.PutVendor(v), tx.StoreAnswer(key, answer))
	})
	c.view(func(tx booking.Tx) error {
		got, err := tx.Booking("bk_1")
		c.equal(b, got)
		gotBare, errBare := tx.Booking("bk_2")
		c.equal(bare, gotBare)
		gotVendor, errVendor := tx.VendorOf("ven_1")
		c.equal(v, gotVendor)
		gotAnswer, errAnswer := tx.Answered(key)
		c.equal(answer, gotAnswer)
		return errors.Join(err, errBare, errVendor, errAnswer)
	})
}

func whatIsNotThere(c check) {
	c.view(func(tx booking.Tx) error {
		_, err := tx.Vendor("v-1")
		c.is(err, booking.ErrNotFound)
		_, err = tx.VendorOf("ven_1")
		c.is(err, booking.ErrNotFound)
		_, err = tx.Booking("bk_1")
		c.is(err, booking.ErrNotFound)
		_, err = tx.Messages("bk_1")
		c.is(err, booking.ErrNotFound)
		_, err = tx.Balance("bk_1")
		c.is(err, booking.ErrNotFound)
		_, err = tx.Answered(booking.IdempotencyKey{Key: "k"})
		c.is(err, booking.ErrNotFound)
		return nil
	})
	_ = c.store.Update(c.Context(), func(tx booking.Tx) error {
		c.is(tx.AppendMessage(booking.Message{ID: "msg_1", Booking: "bk_1"}), booking.ErrNotFound)
		c.is(tx.AppendEntry(booking.Entry{ID: "ch_1", Booking: "bk_1", Kind: booking.KindCharge}), booking.ErrNotFound)
		return errChangedMind
	})
}

func calendarHasWhatOverlaps(c check) {
	c.update(func(tx booking.Tx) error {
		gone := sample("gone", monday(9, 0))
		gone.Status = booking.StatusCancelled
		return errors.Join(
			tx.PutBooking(sample("eight", monday(8, 0))), tx.PutBooking(sample("nine", monday(9, 0))),
			tx.PutBooking(sample("ten", monday(10, 0))), tx.PutBooking(gone),
		)
	})
	calendar := func(from, to time.Time) (ids []string) {
		c.view(func(tx booking.Tx) error {
			ids = c.ids(tx.Calendar("v-1", from, to))
			return nil
		})
		return ids
	}
	c.equal([]string{"nine"}, calendar(monday(9, 0), monday(10, 0)))
	c.equal([]string{"eight", "nine"}, calendar(monday(8, 59), monday(9, 1)))
	c.equal([]string{"eight", "nine", "ten"}, calendar(monday(0, 0), monday(24, 0)))
	c.equal([]string(nil), calendar(monday(11, 0), monday(12, 0)))
}

func listsAreInOrder(c check) {
	c.update(func(tx booking.Tx) error {
		for i, id := range []string{"bk_9", "bk_10", "bk_11"} {
			b := sample(id, monday(20-i, 0))
			b.Status, b.RequestedAt = booking.StatusRequested, monday(9-i, 0)
			c.ok(tx.PutBooking(b))
		}
		return errors.Join(
			tx.PutVendor(booking.Vendor{Handle: "b", Owner: "x", City: "Berlin"}),
			tx.PutVendor(booking.Vendor{Handle: "a", Owner: "y", City: "berlin "}),
			tx.PutVendor(booking.Vendor{Handle: "v-1", Owner: "z", City: "Rome"}),
		)
	})
	c.view(func(tx booking.Tx) error {
		c.equal([]string{"bk_9", "bk_10", "bk_11"}, c.ids(tx.AllBookings()))
		c.equal([]string{"bk_11", "bk_10"}, c.ids(tx.BookingsOf("cus_1", 2)))
		c.equal([]string{"bk_11", "bk_10"}, c.ids(tx.Inbox("v-1", 2)))
		c.equal([]string{"bk_11", "bk_10", "bk_9"}, c.ids(tx.Calendar("v-1", monday(0, 0), monday(24, 0))))
		c.equal([]string{"bk_11", "bk_10"}, c.ids(tx.Begun(monday(19, 0))))
		vendors, err := tx.Vendors(" BERLIN")
		c.equal("a", vendors[0].Handle)
		return err
	})
}

func promoCountsOnce(c check) {
	c.update(func(tx booking.Tx) error {
		return errors.Join(tx.UsePromo("A", "ann"), tx.UsePromo("A", "bea"), tx.UsePromo("A", "ann"), tx.UsePromo("B", "ann"))
	})
	c.view(func(tx booking.Tx) error {
		uses, err := tx.PromoUses("A")
		c.equal(2, uses)
		used, errUsed := tx.PromoUsedBy("B", "ann")
		c.that(used, "ann used B")
		unused, errUnused := tx.PromoUsedBy("B", "bea")
		c.that(!unused, "bea did not")
		return errors.Join(err, errUsed, errUnused)
	})
}

func compactionKeepsTotals(c check) {
	c.update(func(tx booking.Tx) error {
		done := sample("one", monday(9, 0))
		done.Status, done.FinishedAt = booking.StatusCompleted, monday(10, 0)
		return errors.Join(fill(tx, "one", monday(9, 0)), tx.PutBooking(done), fill(tx, "two", monday(12, 0)))
	})
	c.update(func(tx booking.Tx) error {
		n, err := tx.Compact(monday(10, 0))
		c.that(n == 0, "finished at the limit is not before it")
		return err
	})
	c.update(func(tx booking.Tx) error {
		n, err := tx.Compact(monday(10, 1))
		c.equal(1, n)
		_, gone := tx.Booking("one")
		c.is(gone, booking.ErrNotFound)
		h, _ := tx.Holdings()
		c.equal([]int{1, 1, 1}, []int{h.Bookings, h.Entries, h.Messages})
		for _, party := range []string{"cus_1", "v-1", ""} {
			sum, err := tx.Totals(party)
			c.ok(err)
			c.equal(booking.Totals{ChargedCents: 200, Charges: 2}, sum)
		}
		return err
	})
}

func cancelledContextDoesNothing(c check) {
	ctx, cancel := context.WithCancel(c.Context())
	cancel()
	never := func(booking.Tx) error { panic("called") }
	c.is(c.store.View(ctx, never), context.Canceled)
	c.is(c.store.Update(ctx, never), context.Canceled)
}
