package storetest

import (
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/bookiji/simcity/examples/booking"
)

// check is a test of one store. Its methods end the test that they fail.
//
// (A package that is not a test links no testing library.)
type check struct {
	*testing.T
	store booking.Store
}

// ok requires that there is no error.
func (c check) ok(err error) {
	c.Helper()
	if err != nil {
		c.Fatalf("failed: %v", err)
	}
}

// is requires a certain error.
func (c check) is(err, want error) {
	c.Helper()
	if !errors.Is(err, want) {
		c.Fatalf("the error is %v, want %v", err, want)
	}
}

// equal requires that two values are equal in depth.
func (c check) equal(want, got any) {
	c.Helper()
	if !reflect.DeepEqual(want, got) {
		c.Fatalf("\ngot  %+v\nwant %+v", got, want)
	}
}

// that requires something that the text says.
func (c check) that(holds bool, text string) {
	c.Helper()
	if !holds {
		c.Fatalf("does not hold: %s", text)
	}
}

// update writes; everything that do returns must be nil.
func (c check) update(do func(booking.Tx) error) {
	c.Helper()
	c.ok(c.store.Update(c.Context(), do))
}

// view reads; what do returns must be nil.
func (c check) view(do func(booking.Tx) error) {
	c.Helper()
	c.ok(c.store.View(c.Context(), do))
}

// ids are those of a list.
func (c check) ids(list []booking.Booking, err error) (ids []string) {
	c.Helper()
	c.ok(err)
	for _, b := range list {
		ids = append(ids, b.ID)
	}
	return ids
}

// promise is one thing that a store must do.
type promise struct {
	name string
	test func(check)
}

func run(t *testing.T, open func(t *testing.T) booking.Store, promises []promise) {
	t.Helper()
	for _, p := range promises {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			p.test(check{t, open(t)})
		})
	}
}

// Promises names what the suite tests, in order.
func Promises() []string {
	var names []string
	for _, p := range slices.Concat(basics, listings, policies) {
		names = append(names, p.name)
	}
	return names
}

// monday returns an hour of Monday 2000-01-03, UTC.
func monday(hour, minute int) time.Time {
	return time.Date(2000, 1, 3, hour, minute, 0, 0, time.UTC)
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
