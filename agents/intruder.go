package agents

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/bookiji/simcity/simcity"
)

// Intruder is a citizen with an ordinary customer's session who looks at what is
// not its own, again and again: it lists its bookings, of which it has none,
// asks for two single ones by ids that it guesses or was shown, and reads their
// chats if the market has [Chats]. It never writes, so that it leaves the city
// as it is. The zero value works: zero fields mean the documented defaults.
//
// What it is shown it tells as Saw facts whose Of is the owner, and what is kept
// from it as Denied ones. An answer of 403, 404 or 410 is the right one: its
// outcome is Rejected, which is no error, and there is no error text. Its
// operations have names of their own, so that rules and SLOs about customers'
// verbs leave them alone.
type Intruder struct {
	// Market is how the app is asked. Default [REST]{}.
	Market Marketplace
	// Every is the time from one look to the next, give or take a tenth.
	// Default 5 minutes; less than a second is refused.
	Every time.Duration
	// Guess draws the id of a booking that may exist. Default "bk_%d", evenly from
	// 1 to twice the highest such number that it was shown, or to 50 at the least.
	// Half of its questions are about ids that it was shown before, if any.
	Guess func(*rand.Rand) string
	// Stay is how long it lives. Default 0: until the run is over.
	Stay time.Duration
}

// Limits of an intruder.
const (
	guesses    = 2   // ids that it asks for at each look
	guessRange = 50  // where the default guess begins
	shownMax   = 32  // ids of others that it remembers
	toldMax    = 100 // bookings of one list that it tells of
)

// Intruders is the population "intruder" of [Intruder] citizens. They are
// resident: they watch, and would otherwise take customers' places.
func Intruders(arrivals simcity.Arrivals) simcity.Population {
	return simcity.Population{
		Name: "intruder", Agent: Intruder{}, Arrivals: arrivals,
		StepLimit: residentSteps, Resident: true,
	}
}

// Validate reports the first field that cannot be meant. The simulation asks.
func (k Intruder) Validate() error {
	if err := validMarket(k.Market); err != nil {
		return err
	}
	switch {
	case k.Every < 0 || k.Every > 0 && k.Every < time.Second:
		return &simcity.FieldError{Field: "Intruder.Every", Value: k.Every, Allowed: "a second or more", Fix: "leave it out for 5 minutes"}
	case k.Stay < 0:
		return &simcity.FieldError{Field: "Intruder.Stay", Value: k.Stay, Allowed: "0 or more", Fix: "leave it out to stay until the run is over"}
	}
	return nil
}

// Live is the intruder's life.
func (k Intruder) Live(ctx context.Context, c *simcity.Citizen) error {
	if k.Market == nil {
		k.Market = REST{}
	}
	orElse(&k.Every, 5*time.Minute)
	p := &prowler{
		operator: operator{User: NewUser(c, RoleCustomer), market: k.Market},
		Intruder: k, highest: guessRange / 2,
	}
	if err := p.signIn(ctx); err != nil {
		return fmt.Errorf("sign in: %w", err)
	}
	began := c.Now()
	for k.Stay == 0 || c.Now().Sub(began) < k.Stay {
		if err := p.Sleep(ctx, about(c.Rand(), k.Every)); err != nil {
			return err
		}
		if err := p.prowl(ctx); err != nil {
			return err
		}
	}
	return nil
}
