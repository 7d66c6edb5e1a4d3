package booking_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/examples/booking"
)

// symptoms has one story per planted bug. It tells what is wrong at the HTTP
// level: true in the app with the bug, false in the correct one.
var symptoms = map[booking.Bug]func(*testing.T, *city) bool{
	booking.BugCheckThenInsert:      twoCustomersGetOneSlot,
	booking.BugRescheduleIgnores:    aRescheduleTakesATakenSlot,
	booking.BugSlowSearch:           searchTakesLong,
	booking.BugSlowTail:             aFewRequestsTakeLong,
	booking.BugFlakyErrors:          aFewReadsFail,
	booking.BugLostConfirmations:    goodPaymentsAreDeclined,
	booking.BugLateInbox:            aRequestIsNotInTheInbox,
	booking.BugColdCache:            theCacheNeverHits,
	booking.BugCacheThrash:          theCacheIsDroppedAllTheTime,
	booking.BugAcceptsUnknownVendor: nobodyIsBooked,
	booking.BugHoardsMemory:         memoryGrowsWithRequests,
	booking.BugOffersTakenSlots:     aTakenSlotIsOffered,
	booking.BugOversellsClasses:     aClassHasASeatTooMany,
	booking.BugForgetsRefund:        aRefundIsNotInTheLedger,
	booking.BugNoQuota:              aSixthBookingIsAccepted,
	booking.BugComparesText:         anotherSpellingBooksAgain,
	booking.BugRefusesCancelled:     aCancelledSlotIsNotSoldAgain,
	booking.BugForgetsKeys:          aRetryIsRefused,
	booking.BugPromoWithoutEnd:      aPromoIsUsedTooOften,
	booking.BugCancelRacesPay:       aConfirmationFailsWhenCancelled,
	booking.BugWatchdogSleeps:       anOpenPolicyStaysOpen,
	booking.BugRefreshDies:          listingsStayOldAfterAPause,
	booking.BugStaleCache:           aSlotJustBookedIsOffered,
	booking.BugColdRestart:          aDroppedCacheStaysEmpty,
	booking.BugStickyLimit:          aRefusalLasts,
	booking.BugWebhookChargesTwice:  aRepeatedEventChargesAgain,
	booking.BugLeaksMessages:        aStrangerReadsTheChat,
}

// breaks are the bugs that leave data behind in which Close finds fault.
var breaks = map[booking.Bug]bool{
	booking.BugCheckThenInsert:      true,
	booking.BugRescheduleIgnores:    true,
	booking.BugAcceptsUnknownVendor: true,
	booking.BugOversellsClasses:     true,
	booking.BugForgetsRefund:        true,
	booking.BugComparesText:         true,
	booking.BugWebhookChargesTwice:  true,
}

// TestEachBugShowsItsSymptomAndNoOther tells every story to the correct app
// and to the app with each of the bugs.
func TestEachBugShowsItsSymptomAndNoOther(t *testing.T) {
	t.Parallel()
	require.Len(t, symptoms, len(booking.Bugs()))
	for _, bug := range append(booking.Bugs(), "") {
		for _, story := range booking.Bugs() {
			t.Run(fmt.Sprintf("%s/%s", bug, story), func(t *testing.T) {
				t.Parallel()
				var bugs []booking.Bug
				if bug != "" {
					bugs = append(bugs, bug)
				}
				synctest.Test(t, func(t *testing.T) {
					memory := booking.NewMemoryStore()
					city := setup(t, booking.Config{Bugs: bugs, Store: politeStore{memory}, WebhookSecret: webhookSecret})
					city.memory = memory
					city.spoilt = breaks[bug]
					got := symptoms[story](t, city)
					city.broken = bug == story && breaks[bug]
					require.Equal(t, bug == story, got)
				})
			})
		}
	}
}

// politeStore lets others go first, as a database some way off would: a
// moment passes before each transaction.
type politeStore struct{ booking.Store }

func (s politeStore) View(ctx context.Context, read func(booking.Tx) error) error {
	time.Sleep(time.Millisecond)
	return s.Store.View(ctx, read)
}

func (s politeStore) Update(ctx context.Context, write func(booking.Tx) error) error {
	time.Sleep(time.Millisecond)
	return s.Store.Update(ctx, write)
}

func TestBugsAreDescribed(t *testing.T) {
	t.Parallel()
	require.Len(t, booking.Bugs(), 27)
	manual, err := os.ReadFile("doc.go")
	require.NoError(t, err)
	for _, bug := range booking.Bugs() {
		require.NotEmpty(t, bug.Describe(), bug.String())
		require.Contains(t, string(manual), fmt.Sprintf("//\t%-28s %s\n", bug, bug.Describe()))
	}
	require.Empty(t, booking.Bug("typo").Describe())
}

func twoCustomersGetOneSlot(t *testing.T, city *city) bool {
	shop := city.shop("v-1", "UTC")
	var sold int
	var both sync.WaitGroup
	answers := make(chan int, 2)
	for _, u := range []*user{city.customer("ann"), city.customer("bob")} {
		both.Go(func() { answers <- u.book("v-1", shop.massage, monday(9, 0)).status })
	}
	both.Wait()
	for range 2 {
		if <-answers == 201 {
			sold++
		}
	}
	require.NotZero(t, sold)
	return sold == 2
}

func aRescheduleTakesATakenSlot(_ *testing.T, city *city) bool {
	shop, ann, bob := city.shop("v-1", "UTC"), city.customer("ann"), city.customer("bob")
	ann.held("v-1", shop.massage, monday(9, 0))
	b := bob.held("v-1", shop.massage, monday(10, 0))
	return bob.act(b, "reschedule", body{"start": monday(9, 0)}).status == 200
}

// took returns how much simulated time something takes.
func took(do func()) time.Duration {
	began := time.Now()
	do()
	return time.Since(began)
}

func searchTakesLong(_ *testing.T, city *city) bool {
	shop := city.shop("v-1", "UTC")
	search := took(func() { city.find("?city=Berlin") })
	slots := took(func() { city.free("v-1", shop.massage) })
	return search >= 700*time.Millisecond && slots >= 700*time.Millisecond && search+slots < 1500*time.Millisecond
}

func aFewRequestsTakeLong(_ *testing.T, city *city) bool {
	ann, slow := city.customer("ann"), 0
	for range 399 {
		if took(func() { ann.get("/api/bookings") }) >= 1500*time.Millisecond {
			slow++
		}
		time.Sleep(time.Second)
	}
	return slow == 10
}

func aFewReadsFail(_ *testing.T, city *city) bool {
	ann, failed := city.customer("ann"), 0
	for range 100 {
		if ann.get("/api/bookings").status == 500 {
			failed++
		}
	}
	return failed == 4
}

func goodPaymentsAreDeclined(_ *testing.T, city *city) bool {
	shop, declined := city.shop("v-1", "UTC"), 0
	for i := range 10 {
		ann := city.customer(fmt.Sprint("c", i))
		b := ann.held("v-1", shop.massage, monday(8+i, 0))
		if ann.confirm(b).status == 402 {
			declined++
		}
	}
	return declined == 4
}

func aRequestIsNotInTheInbox(t *testing.T, city *city) bool {
	shop, ann := city.shop("v-1", "UTC"), city.customer("ann")
	ann.confirmed(ann.held("v-1", shop.massage, monday(9, 0)))
	time.Sleep(3*time.Hour - time.Second)
	before := len(shop.open())
	time.Sleep(time.Second)
	require.Len(t, shop.open(), 1)
	return before == 0
}

func theCacheNeverHits(_ *testing.T, city *city) bool {
	for range 20 {
		city.find("?city=Berlin")
		time.Sleep(time.Second)
	}
	return city.metric("cache_hits_total") == 0
}

func theCacheIsDroppedAllTheTime(t *testing.T, city *city) bool {
	for range 30 {
		city.send("", "GET", "/api/search", nil)
		time.Sleep(20 * time.Second)
	}
	invalidations := city.metric("cache_invalidations_total")
	if invalidations > 0 {
		require.Equal(t, 1, city.metric("cache_misses_total"), "hits stay good")
	}
	return invalidations >= 29
}

func nobodyIsBooked(_ *testing.T, city *city) bool {
	shop, ann := city.shop("v-1", "UTC"), city.customer("ann")
	vendor := ann.book("v-9", shop.massage, monday(9, 0)).status
	service := ann.book("v-1", "svc_99", monday(9, 0)).status
	return vendor == 201 && service == 201
}

func memoryGrowsWithRequests(_ *testing.T, city *city) bool {
	ann := city.customer("ann")
	before := city.metric("process_resident_memory_bytes")
	for range 100 {
		ann.get("/api/bookings")
	}
	return city.metric("process_resident_memory_bytes")-before >= 100*64<<10
}

func aTakenSlotIsOffered(t *testing.T, city *city) bool {
	shop, ann := city.shop("v-1", "UTC"), city.customer("ann")
	ann.held("v-1", shop.massage, monday(9, 0))
	require.NotContains(t, starts(city.free("v-1", shop.massage)), "09:00")
	time.Sleep(6 * time.Minute)
	ann.book("v-1", shop.massage, monday(9, 0)).refused(409, "slot_taken")
	for _, start := range starts(city.free("v-1", shop.massage)) {
		if start == "09:00" {
			return true
		}
	}
	return false
}

func aClassHasASeatTooMany(_ *testing.T, city *city) bool {
	shop, ann := city.shop("v-1", "UTC"), city.customer("ann")
	ann.held("v-1", shop.yoga, monday(9, 0))
	ann.held("v-1", shop.yoga, monday(9, 0))
	left := len(city.free("v-1", shop.yoga)) == 20
	return ann.book("v-1", shop.yoga, monday(9, 0)).status == 201 && left
}

// confirmed confirms a hold however often that takes.
func (u *user) confirmed(b booking.Booking) {
	for u.confirm(b).status == 402 {
	}
}

func aRefundIsNotInTheLedger(_ *testing.T, city *city) bool {
	shop, ann := city.shop("v-1", "UTC"), city.customer("ann")
	b := ann.held("v-1", shop.massage, monday(9, 0))
	ann.confirmed(b)
	ann.act(b, "cancel", nil).is(200)
	return as[booking.Totals](city.send("", "GET", "/api/test/ledger", nil).is(200)).RefundedCents != 100
}

func aSixthBookingIsAccepted(_ *testing.T, city *city) bool {
	shop, ann := city.shop("v-1", "UTC"), city.customer("ann")
	for i := range 5 {
		ann.held("v-1", shop.massage, monday(8+i, 0))
	}
	return ann.book("v-1", shop.massage, monday(15, 0)).status == 201
}

func anotherSpellingBooksAgain(t *testing.T, city *city) bool {
	shop, ann := city.shop("v-1", "UTC"), city.customer("ann")
	ann.held("v-1", shop.massage, monday(9, 0))
	ann.book("v-1", shop.massage, monday(9, 0)).refused(409, "slot_taken")
	offset := ann.post("/api/bookings", body{"vendor": "v-1", "service": shop.massage, "start": "2000-01-03T10:00:00+01:00"})
	spelled := ann.book("V-1", shop.massage, monday(9, 0))
	require.Equal(t, offset.status, spelled.status)
	return offset.status == 201
}

func aCancelledSlotIsNotSoldAgain(t *testing.T, city *city) bool {
	shop, ann := city.shop("v-1", "UTC"), city.customer("ann")
	b := ann.held("v-1", shop.massage, monday(9, 0))
	ann.act(b, "cancel", nil).is(200)
	require.Contains(t, starts(city.free("v-1", shop.massage)), "09:00")
	return ann.book("v-1", shop.massage, monday(9, 0)).status == 409
}

func aRetryIsRefused(_ *testing.T, city *city) bool {
	shop, ann := city.shop("v-1", "UTC"), city.customer("ann")
	order := body{"vendor": "v-1", "service": shop.massage, "start": monday(9, 0)}
	b := as[booking.Booking](ann.post("/api/bookings", order, "Idempotency-Key", "k").is(201))
	booked := ann.post("/api/bookings", order, "Idempotency-Key", "k")
	pay := func() answer {
		return ann.act(b, "confirm", body{"paymentToken": "tok_good"}, "Idempotency-Key", "k")
	}
	for pay().status == 402 {
	}
	return booked.status == 409 && pay().status == 409
}

func aPromoIsUsedTooOften(_ *testing.T, city *city) bool {
	shop, used := city.shop("v-1", "UTC"), 0
	for i := range 25 {
		u := city.customer(fmt.Sprint("c", i))
		start := monday(8, 0).AddDate(0, 0, i/10).Add(time.Duration(i%10) * time.Hour)
		if held := u.withPromo(shop, start, "WELCOME"); held.status == 201 {
			u.confirmed(as[booking.Booking](held))
			used++
		}
	}
	return used > 20
}

func aConfirmationFailsWhenCancelled(t *testing.T, city *city) bool {
	shop, ann := city.shop("v-1", "UTC"), city.customer("ann")
	b := ann.held("v-1", shop.massage, monday(9, 0))
	done := make(chan int)
	go func() { done <- ann.confirm(b).status }()
	time.Sleep(100 * time.Millisecond)
	ann.act(b, "cancel", nil)
	status := <-done
	require.Contains(t, []int{200, 402, 500}, status)
	return status == 500
}

func anOpenPolicyStaysOpen(t *testing.T, city *city) bool {
	shop, ann, eve := city.shop("v-1", "UTC"), city.customer("ann"), city.customer("eve")
	b := ann.held("v-1", shop.massage, monday(9, 0))
	restore, rows, err := city.memory.Misconfigure("permissive_policy")
	require.NoError(t, err)
	defer restore()
	require.EqualValues(t, 1, rows)
	require.Contains(t, eve.get("/api/bookings").is(200).body, b.ID)
	time.Sleep(2 * time.Minute)
	return eve.get("/api/bookings/"+b.ID).status == 200
}

func listingsStayOldAfterAPause(t *testing.T, city *city) bool {
	resume := city.app.PauseRefresh()
	time.Sleep(2 * time.Minute)
	require.GreaterOrEqual(t, city.metric("search_listings_age_seconds"), 120)
	resume()
	city.shop("v-1", "UTC")
	time.Sleep(2 * time.Minute)
	return city.metric("search_listings_age_seconds") >= 240 && len(city.find("")) == 0
}

func aSlotJustBookedIsOffered(t *testing.T, city *city) bool {
	shop, ann := city.shop("v-1", "UTC"), city.customer("ann")
	require.Contains(t, starts(city.free("v-1", shop.massage)), "09:00")
	ann.confirmed(ann.held("v-1", shop.massage, monday(9, 0)))
	time.Sleep(2 * time.Minute)
	return slices.Contains(starts(city.free("v-1", shop.massage)), "09:00")
}

func aDroppedCacheStaysEmpty(t *testing.T, city *city) bool {
	hits := func() int {
		before := city.metric("cache_hits_total")
		for range 10 {
			city.find("?city=Berlin")
			time.Sleep(time.Second)
		}
		return city.metric("cache_hits_total") - before
	}
	before := hits()
	_, err := city.app.InvalidateCache(t.Context(), 1)
	require.NoError(t, err)
	return before >= 9 && hits() == 0
}

func aRefusalLasts(t *testing.T, city *city) bool {
	ann := city.customer("ann")
	for range 1000 {
		if ann.get("/api/bookings").status == 429 {
			time.Sleep(time.Hour)
			return ann.get("/api/bookings").status == 429
		}
	}
	require.Fail(t, "there is no limit")
	return false
}

func aRepeatedEventChargesAgain(_ *testing.T, city *city) bool {
	shop, ann := city.shop("v-1", "UTC"), city.customer("ann")
	b := ann.held("v-1", shop.massage, monday(9, 0))
	ann.confirmed(b)
	event := booking.PaymentEvent{Event: "ev_1", Booking: b.ID, Charge: "ch_1", Cents: 100, Kind: booking.KindCharge}
	city.paid(event).is(200)
	city.paid(event).is(200)
	return as[booking.Totals](city.send("", "GET", "/api/test/ledger", nil).is(200)).ChargedCents == 200
}

func aStrangerReadsTheChat(_ *testing.T, city *city) bool {
	shop, ann, eve := city.shop("v-1", "UTC"), city.customer("ann"), city.customer("eve")
	b := ann.held("v-1", shop.massage, monday(9, 0))
	ann.act(b, "messages", body{"text": "the key is under the mat"}).is(201)
	return strings.Contains(eve.get("/api/bookings/"+b.ID+"/messages").body, "under the mat")
}
