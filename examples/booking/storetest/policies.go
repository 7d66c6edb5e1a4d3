package storetest

import (
	"errors"
	"testing"

	"github.com/bookiji/simcity/examples/booking"
)

// RunPolicies tests identities: who sees which bookings, messages and entries.
func RunPolicies(t *testing.T, open func(t *testing.T) booking.Store) {
	t.Helper()
	run(t, open, policies)
}

var policies = []promise{
	{"a customer sees what is its own", func(c check) {
		seenBy(c, booking.Identity{Role: booking.RoleCustomer, User: "cus_1"}, "one", "two")
	}},
	{"a vendor sees what is at its place", func(c check) {
		seenBy(c, booking.Identity{Role: booking.RoleVendor, User: "ven_1", Vendor: "v-1"}, "one", "three")
	}},
	{"a stranger sees nothing", func(c check) {
		seenBy(c, booking.Identity{Role: booking.RoleCustomer, User: "cus_9"})
	}},
	{"a vendor without a place sees nothing", func(c check) {
		seenBy(c, booking.Identity{Role: booking.RoleVendor, User: "cus_1"})
	}},
	{"a name that quotes sees nothing", func(c check) {
		seenBy(c, booking.Identity{Role: booking.RoleCustomer, User: `x' or '1'='1"\`})
	}},
	{"the service sees everything", func(c check) { seenBy(c, booking.Identity{}, "one", "two", "three") }},
	{"an update sees no more than a view", updateSeesNoMore},
	{"a customer can be served under its name", customerIsServed},
	{"the guard finds nothing wrong", guardFindsNothing},
}

// newest are the ids of the three bookings, newest first.
var newest = []string{"three", "two", "one"}

// three fills a store: one is of cus_1 at v-1, two of cus_1 at v-2, three of
// cus_2 at v-1.
func three(c check) {
	c.Helper()
	c.update(func(tx booking.Tx) error {
		err := fill(tx, "one", monday(9, 0))
		two, three := sample("two", monday(11, 0)), sample("three", monday(13, 0))
		two.Vendor, three.Customer = "v-2", "cus_2"
		for _, b := range []booking.Booking{two, three} {
			err = errors.Join(err, tx.PutBooking(b),
				tx.AppendMessage(booking.Message{ID: "msg " + b.ID, Booking: b.ID, Text: "hello"}),
				tx.AppendEntry(booking.Entry{ID: "ch " + b.ID, Booking: b.ID, Customer: b.Customer, Vendor: b.Vendor, Kind: booking.KindCharge, Cents: 100}))
		}
		return err
	})
}

// seenBy requires what an identity sees of the three bookings and what hangs on
// them.
func seenBy(c check, who booking.Identity, want ...string) {
	c.Helper()
	three(c)
	c.ok(c.store.View(booking.WithIdentity(c.Context(), who), func(tx booking.Tx) error {
		c.equal(want, sight(c, tx))
		return nil
	}))
}

// sight are the ids that a transaction sees, once it is seen that all ways to
// look agree.
func sight(c check, tx booking.Tx) (seen []string) {
	c.Helper()
	listed := map[string]bool{}
	for _, id := range c.ids(tx.VisibleBookings(9)) {
		listed[id] = true
	}
	entered := map[string]bool{}
	for _, party := range []string{"cus_1", "cus_2"} {
		entries, err := tx.Entries(party, 9)
		c.ok(err)
		for _, e := range entries {
			entered[e.Booking] = true
		}
	}
	for i := range newest {
		id := newest[len(newest)-1-i]
		_, err := tx.Booking(id)
		messages, errMessages := tx.Messages(id)
		if err != nil {
			c.is(err, booking.ErrNotFound)
			c.is(errMessages, booking.ErrNotFound)
			c.that(!listed[id] && !entered[id], id+" is seen in no way")
			continue
		}
		c.ok(errMessages)
		c.that(len(messages) == 1 && listed[id] && entered[id], id+" is seen in every way")
		seen = append(seen, id)
	}
	return seen
}

func updateSeesNoMore(c check) {
	three(c)
	ctx := booking.WithIdentity(c.Context(), booking.Identity{Role: booking.RoleCustomer, User: "cus_2"})
	c.ok(c.store.Update(ctx, func(tx booking.Tx) error {
		c.equal([]string{"three"}, sight(c, tx))
		return nil
	}))
}

// A booking is made and paid under its customer's name, and what is taken by
// others is seen.
func customerIsServed(c check) {
	three(c)
	who := booking.Identity{Role: booking.RoleCustomer, User: "cus_2"}
	c.ok(c.store.Update(booking.WithIdentity(c.Context(), who), func(tx booking.Tx) error {
		taken := c.ids(tx.Calendar("v-1", monday(0, 0), monday(24, 0)))
		c.equal([]string{"one", "three"}, taken)
		id, err := tx.NextID(booking.SequenceBooking)
		b := sample(id, monday(15, 0))
		b.Customer = "cus_2"
		err = errors.Join(err, tx.PutBooking(b))
		b.Status, b.RequestedAt = booking.StatusRequested, monday(2, 0)
		return errors.Join(err, tx.PutBooking(b), tx.UsePromo("A", "cus_2"),
			tx.AppendEntry(booking.Entry{ID: "ch_1", Booking: id, Customer: "cus_2", Vendor: "v-1", Kind: booking.KindCharge, Cents: 50}),
			tx.AppendMessage(booking.Message{ID: "msg_1", Booking: id, From: "cus_2", Text: "hello"}),
			tx.StoreAnswer(booking.IdempotencyKey{User: "cus_2", Key: "k"}, booking.Answer{At: monday(2, 0), Body: []byte("done")}))
	}))
	c.view(func(tx booking.Tx) error {
		sum, err := tx.Totals("v-1")
		c.equal(booking.Totals{ChargedCents: 250, Charges: 3}, sum)
		return err
	})
}

func guardFindsNothing(c check) {
	three(c)
	restored, err := c.store.GuardPolicies(c.Context())
	c.ok(err)
	c.equal(0, restored)
	c.view(func(tx booking.Tx) error {
		rows, err := tx.Audit(9)
		c.equal(0, len(rows))
		return err
	})
}
