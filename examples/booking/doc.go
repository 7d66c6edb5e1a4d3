// Package booking is a marketplace for appointments, in the manner of
// Bookiji: customers search vendors, hold a slot, pay a small commitment fee,
// and the vendor accepts. It is the reference host app of SimCity: a service
// like any other, which knows nothing of being simulated. It reads
// [time.Now], runs tickers and goroutines, and is tested in a bubble of
// testing/synctest.
//
//	app, err := booking.New(booking.Config{})
//	if err != nil {
//		return err
//	}
//	defer app.Close()
//	return http.ListenAndServe(":8080", app)
//
// # Routes
//
// Bodies are JSON of at most 64 KiB; unknown fields are refused. A session is
// sent as Authorization: Bearer <token>.
//
//	GET  /healthz                          is it up
//	GET  /metrics                          Prometheus text
//	GET  /api/test/login                   which environment is this
//	POST /api/test/login                   {email, role, timezone?}; role is customer, vendor or guest
//	GET  /api/test/ledger                  totals of the platform
//	GET  /api/test/probes                  what must never be, counted
//	POST /api/test/purge?dryRun=1          remove synthetic users' data
//	GET  /api/search?city=&q=              vendors, from a cache       anyone
//	GET  /api/vendors/{vendor}/slots       ?service=&from=&to=         anyone
//	POST /api/vendors                      become a vendor             vendor
//	POST /api/bookings                     {vendor, service, start, promo?} customer
//	POST /api/bookings/{id}/confirm        {paymentToken}              customer
//	POST /api/bookings/{id}/reschedule     {start}                     customer
//	POST /api/bookings/{id}/cancel         call off, refund            either
//	POST /api/bookings/{id}/checkin        the customer is here        either
//	GET  /api/bookings                     the latest 100 of mine      either
//	GET  /api/bookings/{id}                                            either
//	GET  /api/bookings/{id}/messages       the chat                    either
//	POST /api/bookings/{id}/messages       {text}                      either
//	GET  /api/vendor/inbox                 requests that await me      vendor
//	POST /api/bookings/{id}/accept                                     vendor
//	POST /api/bookings/{id}/decline        refund                      vendor
//	POST /api/bookings/{id}/propose        {start}                     vendor
//	GET  /api/ledger                       my entries and totals       either
//	POST /api/payments/webhook             {event, booking, charge, cents, kind} Webhook-Secret
//
// An error answers {"error":{"code","message"}}: 400 bad_request, 401
// unauthorized, 402 payment_declined, 403 forbidden, 404 not_found (also for
// the bookings of others), 409 slot_taken, quota_exceeded, wrong_state or
// handle_taken, 413 too_large, 422 promo_invalid, not_a_slot or key_reused,
// 429 rate_limited, 500 internal, 503 unavailable.
//
// A POST with an Idempotency-Key that succeeded is answered the same again for
// 24 hours, with the header Idempotency-Replayed: true, and changes nothing.
//
// # Slots
//
// A slot is a vendor, a service and a start on a grid of half hours within the
// open hours of the vendor's time zone, daylight saving included. Clients may
// write a start with any offset and a vendor's handle in any case; both mean
// the same thing. A vendor's exclusive services share one calendar. A class
// has a number of seats at each start and collides with nothing.
//
// # States
//
//	held       live   confirm: requested · 10 minutes: expired
//	requested  live   accept: confirmed · propose: proposed · decline: declined
//	proposed   live   reschedule to the proposed start: confirmed · to another: requested · accept, decline
//	confirmed  live   reschedule: requested · checked in and over: completed · not checked in after 30 minutes: no_show
//	expired, declined, cancelled, completed, no_show are final
//
// A live booking occupies its slot. Until its slot begins it can be cancelled
// and moved; check-in is open from an hour before the start.
//
// A hold ends by the clock; that a sweeper writes it down later makes no
// difference to anybody. A request that has no answer when its slot begins is
// declined and refunded.
//
// # Search
//
// Search reads listings, a copy of the vendors as of the latest refresh, which
// happens every minute and when a vendor joins; ratings are as old as that. Its
// answers are cached, in process or in Redis (Config.Redis), for 10 minutes or
// until a refresh has something new of the city. The warmer keeps what is
// wanted. Slot lists are live.
//
// # Who sees what
//
// What a user reads of bookings, chats and the ledger is decided by the store's
// row-level policies for the [Identity] of the transaction; the routes add no
// check of their own. Changes run as the service, which looks whose they are. A
// watchdog restores policies every 70 seconds that are not what they must be and
// writes that into the audit.
//
// # Payments
//
// Confirming asks [Payments] to authorize the token, writes the charge into the
// ledger, and has it captured. The provider says later, at least once, that the
// money came: the webhook counts each event once and charges nobody.
//
// # Compressed time
//
// Where citizens live faster than the host (simcity.Paced), Config.Speed lets the
// background work come round as much more often. Limits in real time, such as
// RatePerMinute, are scaled by whoever makes the Config.
//
// # What can be made to go wrong
//
// Tests under faults reach into the app with [App.InvalidateCache],
// [App.PauseRefresh], [App.SqueezeRate] and [MemoryStore.Misconfigure], each of
// which says how much it hit or how to end it, and into the rest through the
// Store, the Redis client and the WebhookClient that they hand to [New].
//
// # Limits
//
// A customer has at most five live bookings and 600 requests a minute. What
// is finished for 48 hours is forgotten, with its chat and entries but not
// its totals; so are sessions that are idle for 15 days. Users themselves and
// the uses of promo codes are kept. The only way in is the test login, so this
// is not a service for people.
//
// # Planted bugs
//
// [Config].Bugs switches faults on, each with a symptom of its own, to see
// whether a tester finds them. [Bugs] lists them.
//
//	check_then_insert            a booking checks availability in one transaction and inserts in another
//	reschedule_ignores_calendar  a reschedule moves onto a slot that is taken
//	slow_search                  search answers and slot lists take 700 ms
//	slow_tail                    every 40th request takes 1.5 s
//	flaky_errors                 every 25th GET request answers 500
//	lost_confirmations           two of five confirmations answer 402 although the payment is good
//	late_inbox                   requests show up in the vendor's inbox 3 hours late
//	cold_cache                   the key of the search cache contains the instant, so that nothing is ever found
//	cache_thrash                 every 20 s the warmer drops and reloads the whole search cache
//	accepts_unknown_vendor       a booking for a vendor or service that does not exist is accepted
//	hoards_memory                each request keeps 64 KiB that are never freed
//	offers_taken_slots           the slots list forgets exclusive bookings after 5 minutes
//	oversells_classes            a group class takes one seat more than it has
//	forgets_refund               a cancellation answers a refund that the ledger never sees
//	no_quota                     the limit of live bookings per customer is not enforced
//	compares_text                the calendar compares vendor and start as spelled, so another spelling books twice
//	refuses_cancelled            a slot whose booking was cancelled is offered but never sold again
//	forgets_keys                 Idempotency-Key is ignored when booking and confirming
//	promo_without_end            the total limit of a promo code is not enforced
//	cancel_races_pay             cancelling while the payment is under way makes the confirmation answer 500
//	watchdog_sleeps              row-level policies that somebody broke are never restored
//	refresh_dies                 after a round that failed or found it paused, the listings refresh never works again
//	stale_cache                  the slots list goes by bookings as they were up to 30 minutes ago
//	cold_restart                 after the search cache was dropped once, nothing is ever found in it again
//	sticky_limit                 who was refused once by the rate limit is refused for 6 hours
//	webhook_charges_twice        a payment event that is delivered twice charges twice in the ledger
//	leaks_messages               the policy on messages is missing, so that anybody reads the chat of a booking
package booking
