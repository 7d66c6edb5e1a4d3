package agents

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/bookiji/simcity/simcity"
)

// DefaultResponseMax is how long a vendor lets a request wait at most, in open
// hours. A log-normal has no end, and an answer time of two hours is what
// marketplaces usually promise: 100 minutes leave room for the tick until the
// vendor looks into its inbox and for the seconds each answer takes, so that
// whenever an app shows requests at once, its vendors keep the promise, and a
// late answer is the app's doing.
const DefaultResponseMax = 100 * time.Minute

// Vendor is a citizen who sells: it publishes a listing and then, within the
// open hours of the policies in force, looks into its inbox about every tick
// and answers each request after a while. Before it closes it answers what is
// there, so that requests wait over night only if they came at night. The zero
// value works: zero fields mean the documented defaults.
type Vendor struct {
	// Market is how the app is asked. Default [REST]{}.
	Market Marketplace
	// Cities are where it opens. Default [Cities].
	Cities []string
	// Services makes what it sells from its stream. Default [DefaultServices].
	Services func(*rand.Rand) []Service
	// ResponseTime is how long a request waits. Default median 20 min, sigma
	// 1.4, which is 90 % within two hours: our assumption, as no distribution is
	// public.
	ResponseTime ThinkTime
	// ResponseMax cuts it off. Default [DefaultResponseMax].
	ResponseMax time.Duration
	// Decline and Propose are the shares of requests that it declines, or
	// answers by another time; negative for never. Defaults 0.05, the low end
	// of what marketplaces with instant booking see (Fradkin 2017: up to 0.40
	// where every request is examined), and 0.07.
	Decline float64
	Propose float64
	// SeekEvery is about how often it looks whether search shows it, once
	// it has done so about 2, 10 and 30 minutes after its listing was
	// acknowledged: the pauses are drawn evenly from half to one and a half of
	// it. Default 4 hours, negative for never, not even in the beginning.
	// Less than a minute is refused.
	SeekEvery time.Duration
	// Stay is how long it lives. Default 0: until the run is over. A vendor that
	// leaves earlier answers what is there, but its listing remains.
	Stay time.Duration
}

// DefaultServices are a cut of 30 minutes and a treatment of 60, which share
// the vendor's calendar, and a class of 60 minutes for 4 to 8.
func DefaultServices(r *rand.Rand) []Service {
	return []Service{
		{Name: "Cut", DurationMinutes: 30, PriceCents: int64(2000 + 500*r.IntN(5)), Capacity: 1},
		{Name: "Treatment", DurationMinutes: 60, PriceCents: int64(5000 + 1000*r.IntN(5)), Capacity: 1},
		{Name: "Class", DurationMinutes: 60, PriceCents: int64(1000 + 500*r.IntN(3)), Capacity: 4 + r.IntN(5)},
	}
}

func (v Vendor) withDefaults() Vendor {
	if v.Market == nil {
		v.Market = REST{}
	}
	if len(v.Cities) == 0 {
		v.Cities = Cities()
	}
	if v.Services == nil {
		v.Services = DefaultServices
	}
	v.ResponseTime = v.ResponseTime.or(ThinkTime{Median: 20 * time.Minute, Sigma: 1.4})
	orElse(&v.ResponseMax, DefaultResponseMax)
	orElse(&v.Decline, 0.05)
	orElse(&v.Propose, 0.07)
	orElse(&v.SeekEvery, 4*time.Hour)
	return v
}

// Validate reports the first field that cannot be meant. The simulation asks.
func (v Vendor) Validate() error {
	if err := validMarket(v.Market); err != nil {
		return err
	}
	switch {
	case !(v.Decline <= 1):
		return &simcity.FieldError{Field: "Vendor.Decline", Value: v.Decline, Allowed: "0 to 1, negative for never", Fix: "leave it out for 0.05"}
	case !(v.Propose <= 1):
		return &simcity.FieldError{Field: "Vendor.Propose", Value: v.Propose, Allowed: "0 to 1, negative for never", Fix: "leave it out for 0.07"}
	case v.ResponseMax < 0:
		return &simcity.FieldError{Field: "Vendor.ResponseMax", Value: v.ResponseMax, Allowed: "0 or more", Fix: "leave it out for 100 minutes"}
	case v.SeekEvery > 0 && v.SeekEvery < time.Minute:
		return &simcity.FieldError{Field: "Vendor.SeekEvery", Value: v.SeekEvery, Allowed: "a minute or more, negative for never", Fix: "leave it out for 4 hours"}
	case v.Stay < 0:
		return &simcity.FieldError{Field: "Vendor.Stay", Value: v.Stay, Allowed: "0 or more", Fix: "leave it out to stay until the run is over"}
	}
	return v.ResponseTime.validate("Vendor.ResponseTime")
}

// Live is the vendor's life.
func (v Vendor) Live(ctx context.Context, c *simcity.Citizen) error {
	v = v.withDefaults()
	d := &desk{
		operator: operator{User: NewUser(c, RoleVendor), market: v.Market, character: CharacterOf(c.Persona())},
		Vendor:   v,
	}
	if err := d.signIn(ctx); err != nil {
		return fmt.Errorf("sign in: %w", err)
	}
	if err := d.insist(ctx, func() error { return d.open(ctx) }); err != nil {
		return fmt.Errorf("open: %w", err)
	}
	d.startSeeking()
	var leaves time.Time
	if v.Stay > 0 {
		leaves = c.Now().Add(v.Stay)
	}
	for leaves.IsZero() || c.Now().Before(leaves) {
		closing := d.closing(leaves)
		if err := d.work(ctx, closing); err != nil {
			return only(ctx, err)
		}
		if err := d.rest(ctx, closing); err != nil {
			return err
		}
	}
	return nil
}

// open publishes the listing. If the app has another vendor of that handle, it
// lets the app choose one.
func (d *desk) open(ctx context.Context) error {
	r := d.Rand()
	hours := d.Policies().VendorOpenHours
	city := d.Cities[r.IntN(len(d.Cities))]
	offer := Listing{
		Vendor: strings.ReplaceAll(d.ID(), "/", "-"), Name: "Studio " + d.ID() + " of " + city,
		City: city, Timezone: "UTC",
		OpenFrom: hours.From, OpenTo: hours.To, Services: d.Services(r),
	}
	err := d.publish(ctx, offer)
	var refused *Refusal
	if errors.As(err, &refused) && refused.Code == "handle_taken" {
		offer.Vendor = ""
		err = d.publish(ctx, offer)
	}
	return err
}

func (d *desk) publish(ctx context.Context, offer Listing) error {
	return d.do(ctx, OpOpen, offer.Vendor+" "+offer.City, func(ctx context.Context, _ *simcity.Operation) error {
		published, err := d.market.Open(ctx, d.User, offer)
		if err != nil {
			return err
		}
		orElse(&published.Vendor, offer.Vendor)
		orElse(&published.Name, offer.Name)
		orElse(&published.City, offer.City)
		d.listing = published
		return nil
	})
}
