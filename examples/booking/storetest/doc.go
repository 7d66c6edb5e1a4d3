// Package storetest is the conformance suite of [booking.Store]: what any store
// must do, as tests. A store's own tests run it:
//
//	func TestMyStore(t *testing.T) {
//		storetest.Run(t, func(t *testing.T) booking.Store { return mystore.New() })
//	}
//
// [Run] has what every store promises. [RunListings] and [RunPolicies] have what
// belongs to listings, and to identities and their policies. Each test opens a
// store of its own, which must be empty, and they run in parallel.
//
// The suite asks a store alone. That the app works on it, and what happens when
// requests overlap, is for other tests.
package storetest
