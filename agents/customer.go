package agents

import (
	"context"
	"fmt"
	"time"

	"github.com/bookiji/simcity/simcity"
)

// Customer is a citizen who searches, books, pays, waits for the vendor's
// answer, changes its mind and comes, or does not. The zero value works: zero
// fields mean the documented defaults. How often a booking is moved or
// cancelled, and how long an answer is waited for, say the policies in force.
//
// A customer tells the invariants what it was told: see the package's table of
// facts.
type Customer struct {
	// Market is how the app is asked. Default [REST]{}.
	Market Marketplace
	// Cities are where it searches. Default [Cities].
	Cities []string
	// VisitsMax is how many visits it makes at most, drawn evenly from 1.
	// Default 2.
	VisitsMax int
	// ThinkTime is the pause between two operations. Default median 30 s,
	// sigma 0.8, at most 5 min, so that holds do not lapse for thinking.
	ThinkTime ThinkTime
	// Pause is the time between two visits. Default median 45 min, sigma 0.8.
	Pause ThinkTime
	// LifeMax is how long it lives at most; what it planned for later does not
	// happen. Default 8 hours.
	LifeMax time.Duration
	// HorizonDays is how many days ahead it looks for slots, today included.
	// Half of the visits look at today, half of the rest at tomorrow, and so
	// on: the first slots of each day are what customers compete for. Default 3.
	HorizonDays int
	// LeadMin is how much time it leaves the vendor between the booking and the
	// slot. Slots sooner than that, or, outside of open hours, sooner than that
	// after opening, are not selected: a request that no vendor can answer in
	// time says nothing about the app. Default 2 hours.
	LeadMin time.Duration
	// SelectMax is how many slots of a list it considers. Default 8.
	SelectMax int
	// TriesMax is how many slots it tries when others are faster. Strict ones
	// try three at most. Default 4.
	TriesMax int
	// CollectMax is how many slots a collector books before it has enough,
	// should the app never refuse. Default 8.
	CollectMax int
	// PromoCode is what it enters. Default "WELCOME".
	PromoCode string
	// PaymentToken is what it pays with. Default "tok_simcity".
	PaymentToken string
	// Habits are the shares of unusual behaviour.
	Habits Habits
}

// Cities is the small set that customers search and vendors open in. Few, so
// that they meet.
func Cities() []string { return []string{"Springfield", "Riverside"} }

func (k Customer) withDefaults() Customer {
	if k.Market == nil {
		k.Market = REST{}
	}
	if len(k.Cities) == 0 {
		k.Cities = Cities()
	}
	k.ThinkTime = k.ThinkTime.or(ThinkTime{Median: 30 * time.Second, Sigma: 0.8, Max: 5 * time.Minute})
	k.Pause = k.Pause.or(ThinkTime{Median: 45 * time.Minute, Sigma: 0.8})
	orElse(&k.VisitsMax, 2)
	orElse(&k.LifeMax, 8*time.Hour)
	orElse(&k.HorizonDays, 3)
	orElse(&k.LeadMin, 2*time.Hour)
	orElse(&k.SelectMax, 8)
	orElse(&k.TriesMax, 4)
	orElse(&k.CollectMax, 8)
	orElse(&k.PromoCode, "WELCOME")
	orElse(&k.PaymentToken, "tok_simcity")
	k.Habits = k.Habits.withDefaults()
	return k
}

func orElse[T comparable](field *T, standard T) {
	var zero T
	if *field == zero {
		*field = standard
	}
}

// Validate reports the first field that cannot be meant. The simulation asks.
func (k Customer) Validate() error {
	if err := validMarket(k.Market); err != nil {
		return err
	}
	for _, number := range []struct {
		field string
		value int64
	}{
		{"VisitsMax", int64(k.VisitsMax)}, {"LifeMax", int64(k.LifeMax)}, {"HorizonDays", int64(k.HorizonDays)},
		{"LeadMin", int64(k.LeadMin)}, {"SelectMax", int64(k.SelectMax)}, {"TriesMax", int64(k.TriesMax)},
		{"CollectMax", int64(k.CollectMax)},
	} {
		if number.value < 0 {
			return &simcity.FieldError{Field: "Customer." + number.field, Value: number.value, Allowed: "0 or more", Fix: "leave it out for the default"}
		}
	}
	if err := k.ThinkTime.validate("Customer.ThinkTime"); err != nil {
		return err
	}
	if err := k.Pause.validate("Customer.Pause"); err != nil {
		return err
	}
	return k.Habits.validate()
}

// validMarket asks a binding that can tell whether it works.
func validMarket(market Marketplace) error {
	if v, ok := market.(interface{ Validate() error }); ok {
		return v.Validate()
	}
	return nil
}

// Live is the customer's life.
func (k Customer) Live(ctx context.Context, c *simcity.Citizen) error {
	k = k.withDefaults()
	l := &life{
		operator: operator{User: NewUser(c, RoleCustomer), market: k.Market, character: CharacterOf(c.Persona())},
		Customer: k,
		until:    c.Now().Add(k.LifeMax),
	}
	l.settleIn()
	if err := l.signIn(ctx); err != nil {
		return fmt.Errorf("sign in: %w", err)
	}
	for n := 1 + c.Rand().IntN(k.VisitsMax); ; n-- {
		l.visits++
		if err := l.visit(ctx); err != nil {
			return err
		}
		if n == 1 || !c.Now().Before(l.until) {
			break
		}
		if err := l.pause(ctx); err != nil {
			return err
		}
	}
	if err := l.pursue(ctx, l.until); err != nil {
		return err
	}
	return l.depart(ctx)
}

// life is one customer's state.
type life struct {
	operator
	Customer
	until     time.Time
	visits    int
	keys      int            // idempotency keys made
	zone      *time.Location // how it writes starts; nil in UTC
	usedPromo bool
	entered   string // the funnel that it entered last
	herding   bool   // in this visit
	doubtful  bool   // a payment or refund of its own went unanswered
	claims    []*claim
	agenda    []plan
}

// settleIn draws what stays the same for life.
func (l *life) settleIn() {
	if !l.chance(l.Habits.Traveller) {
		return
	}
	l.zone = eastward
	if l.chance(0.5) {
		l.zone = westward
	}
}

// pause is the time between two visits, in which plans go on.
func (l *life) pause(ctx context.Context) error {
	next := l.Now().Add(l.Pause.Draw(l.Rand()))
	if err := l.pursue(ctx, next); err != nil {
		return err
	}
	return l.SleepUntil(ctx, next)
}

// think pauses between two operations.
func (l *life) think(ctx context.Context) error {
	return l.Sleep(ctx, l.ThinkTime.Draw(l.Rand()))
}
