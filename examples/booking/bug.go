package booking

import (
	"fmt"
	"slices"
	"strings"
)

// Bug names a planted fault. Each shows its own symptom and no other, so that
// a tester of the app can be tested: switch one on, see what is found.
type Bug string

// The planted bugs.
const (
	BugCheckThenInsert      Bug = "check_then_insert"
	BugRescheduleIgnores    Bug = "reschedule_ignores_calendar"
	BugSlowSearch           Bug = "slow_search"
	BugSlowTail             Bug = "slow_tail"
	BugFlakyErrors          Bug = "flaky_errors"
	BugLostConfirmations    Bug = "lost_confirmations"
	BugLateInbox            Bug = "late_inbox"
	BugColdCache            Bug = "cold_cache"
	BugCacheThrash          Bug = "cache_thrash"
	BugAcceptsUnknownVendor Bug = "accepts_unknown_vendor"
	BugHoardsMemory         Bug = "hoards_memory"
	BugOffersTakenSlots     Bug = "offers_taken_slots"
	BugOversellsClasses     Bug = "oversells_classes"
	BugForgetsRefund        Bug = "forgets_refund"
	BugNoQuota              Bug = "no_quota"
	BugComparesText         Bug = "compares_text"
	BugRefusesCancelled     Bug = "refuses_cancelled"
	BugForgetsKeys          Bug = "forgets_keys"
	BugPromoWithoutEnd      Bug = "promo_without_end"
	BugCancelRacesPay       Bug = "cancel_races_pay"
	BugWatchdogSleeps       Bug = "watchdog_sleeps"
	BugRefreshDies          Bug = "refresh_dies"
	BugStaleCache           Bug = "stale_cache"
	BugColdRestart          Bug = "cold_restart"
	BugStickyLimit          Bug = "sticky_limit"
	BugWebhookChargesTwice  Bug = "webhook_charges_twice"
	BugLeaksMessages        Bug = "leaks_messages"
)

// described lists the bugs in the order of the manual.
var described = []struct {
	bug  Bug
	text string
}{
	{BugCheckThenInsert, "a booking checks availability in one transaction and inserts in another"},
	{BugRescheduleIgnores, "a reschedule moves onto a slot that is taken"},
	{BugSlowSearch, "search answers and slot lists take 700 ms"},
	{BugSlowTail, "every 40th request takes 1.5 s"},
	{BugFlakyErrors, "every 25th GET request answers 500"},
	{BugLostConfirmations, "two of five confirmations answer 402 although the payment is good"},
	{BugLateInbox, "requests show up in the vendor's inbox 3 hours late"},
	{BugColdCache, "the key of the search cache contains the instant, so that nothing is ever found"},
	{BugCacheThrash, "every 20 s the warmer drops and reloads the whole search cache"},
	{BugAcceptsUnknownVendor, "a booking for a vendor or service that does not exist is accepted"},
	{BugHoardsMemory, "each request keeps 64 KiB that are never freed"},
	{BugOffersTakenSlots, "the slots list forgets exclusive bookings after 5 minutes"},
	{BugOversellsClasses, "a group class takes one seat more than it has"},
	{BugForgetsRefund, "a cancellation answers a refund that the ledger never sees"},
	{BugNoQuota, "the limit of live bookings per customer is not enforced"},
	{BugComparesText, "the calendar compares vendor and start as spelled, so another spelling books twice"},
	{BugRefusesCancelled, "a slot whose booking was cancelled is offered but never sold again"},
	{BugForgetsKeys, "Idempotency-Key is ignored when booking and confirming"},
	{BugPromoWithoutEnd, "the total limit of a promo code is not enforced"},
	{BugCancelRacesPay, "cancelling while the payment is under way makes the confirmation answer 500"},
	{BugWatchdogSleeps, "row-level policies that somebody broke are never restored"},
	{BugRefreshDies, "after a round that failed or found it paused, the listings refresh never works again"},
	{BugStaleCache, "the slots list goes by bookings as they were up to 30 minutes ago"},
	{BugColdRestart, "after the search cache was dropped once, nothing is ever found in it again"},
	{BugStickyLimit, "who was refused once by the rate limit is refused for 6 hours"},
	{BugWebhookChargesTwice, "a payment event that is delivered twice charges twice in the ledger"},
	{BugLeaksMessages, "the policy on messages is missing, so that anybody reads the chat of a booking"},
}

// Bugs returns every planted bug in the order of the manual.
func Bugs() []Bug {
	all := make([]Bug, len(described))
	for i, d := range described {
		all[i] = d.bug
	}
	return all
}

// String returns the bug's name.
func (b Bug) String() string { return string(b) }

// Describe says in one line what the bug does, or "" for an unknown bug.
func (b Bug) Describe() string {
	for _, d := range described {
		if d.bug == b {
			return d.text
		}
	}
	return ""
}

// bugSet holds the bugs that are switched on; nil is the correct app.
type bugSet map[Bug]bool

func newBugSet(on []Bug) (bugSet, error) {
	if len(on) == 0 {
		return nil, nil
	}
	known, set := Bugs(), bugSet{}
	for _, b := range on {
		if !slices.Contains(known, b) {
			return nil, fmt.Errorf("booking: Config.Bugs has the unknown %q; known are %s", b, joinBugs(known))
		}
		set[b] = true
	}
	return set, nil
}

func joinBugs(bugs []Bug) string {
	names := make([]string, len(bugs))
	for i, b := range bugs {
		names[i] = b.String()
	}
	return strings.Join(names, ", ")
}
