package storetest

import (
	"testing"

	"github.com/bookiji/simcity/examples/booking"
)

// RunListings tests listings, which are as old as their last refresh.
func RunListings(t *testing.T, open func(t *testing.T) booking.Store) {
	t.Helper()
	run(t, open, listings)
}

var listings = []promise{
	{"listings are as of the last refresh", listingsAreAsOfTheLastRefresh},
	{"listings are by city and handle", listingsAreByCity},
}

func listingsAreAsOfTheLastRefresh(c check) {
	var want []booking.Vendor
	listed := func() {
		c.Helper()
		c.view(func(tx booking.Tx) error {
			got, err := tx.Listings("")
			c.equal(want, got)
			return err
		})
	}
	put := func(v booking.Vendor) {
		c.Helper()
		c.update(func(tx booking.Tx) error { return tx.PutVendor(v) })
		listed()
	}
	c.view(func(tx booking.Tx) error {
		at, err := tx.ListingsAt()
		c.that(at.IsZero(), "nothing was refreshed yet")
		return err
	})
	first := booking.Vendor{Handle: "v-1", Owner: "ven_1", City: "Berlin", Rating: 5,
		Services: []booking.Service{{ID: "svc_1", Name: "Cut", Capacity: 1}}}
	put(first)
	c.ok(c.store.RefreshListings(c.Context()))
	want = []booking.Vendor{first}
	listed()
	changed := first
	changed.Rating = 4.5
	put(changed)
	second := booking.Vendor{Handle: "v-2", Owner: "ven_2", City: "Rome"}
	put(second)
	c.ok(c.store.RefreshListings(c.Context()))
	want = []booking.Vendor{changed, second}
	listed()
	c.view(func(tx booking.Tx) error {
		at, err := tx.ListingsAt()
		c.that(!at.IsZero(), "the refresh is dated")
		return err
	})
}

func listingsAreByCity(c check) {
	c.update(func(tx booking.Tx) error {
		for _, v := range []booking.Vendor{
			{Handle: "v-2", Owner: "x", City: "Berlin"}, {Handle: "v-10", Owner: "y", City: " berlin"}, {Handle: "v-3", Owner: "z", City: "Rome"},
		} {
			c.ok(tx.PutVendor(v))
		}
		return nil
	})
	c.ok(c.store.RefreshListings(c.Context()))
	c.view(func(tx booking.Tx) error {
		found, err := tx.Listings("BERLIN ")
		var handles []string
		for _, v := range found {
			handles = append(handles, v.Handle)
		}
		c.equal([]string{"v-10", "v-2"}, handles)
		return err
	})
}
