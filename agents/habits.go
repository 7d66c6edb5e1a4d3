package agents

import (
	"reflect"
	"time"

	"github.com/bookiji/simcity/simcity"
)

// Habits are the shares of customers, visits or bookings in which something
// happens, from 0 to 1. Zero means the default, a negative number never. The
// no-show default is between salons (1-3 %) and out-patients (23 %, mean of 105
// studies: Dantas et al. 2018, Health Policy 122(4)); the other defaults are
// our assumptions, chosen so that a day of simulated time meets every case.
type Habits struct {
	// Traveller is the share of customers who write starts with another UTC
	// offset and vendors in capitals. Default 0.12.
	Traveller float64
	// Twice is the share of a traveller's exclusive bookings that it tries to
	// book once more, in plain spelling: the slot is its own, so the app must
	// refuse. Default 0.6.
	Twice float64
	// Repeat is the share of bookings, and of confirmations, that are sent again
	// with the same idempotency key although they were answered, as a phone with
	// a bad network does. Default 0.1.
	Repeat float64
	// Promo is the share of bookings with a promotion code. A customer uses it
	// once. Default 0.4.
	Promo float64
	// Collector is the share of visits in which the customer books until the
	// app says that it is enough. Default 0.05.
	Collector float64
	// Mistype is the share of visits that begin with an order for a vendor or a
	// service that does not exist. Default 0.05.
	Mistype float64
	// Abandon is the share of holds that are left to lapse. Default 0.03.
	Abandon float64
	// Herd is the share of visits that go where everybody goes: the first city,
	// the vendor shown first, today, the service of the hour, the first slot.
	// Those who do so at one instant race for one place: a rush is customers
	// with a large share who arrive in a [Burst]. Default 0.1.
	Herd float64
	// Stale is the share of changes to a slot that was seen earlier, without
	// another look. Default 0.5.
	Stale float64
	// Regret is the share of cancellations after which the customer books the
	// same slot again. Default 0.3.
	Regret float64
	// NoShow is the share of customers who do not come. Default 0.05.
	NoShow float64
	// Torn is the share of payments that are under way when the same booking is
	// cancelled on a second device, as in a household that does not agree. Default
	// 0.08.
	Torn float64
}

func defaultHabits() Habits {
	return Habits{
		Traveller: 0.12, Twice: 0.6, Repeat: 0.1, Promo: 0.4, Collector: 0.05,
		Mistype: 0.05, Abandon: 0.03, Herd: 0.1, Stale: 0.5, Regret: 0.3, NoShow: 0.05, Torn: 0.08,
	}
}

// withDefaults fills the zero fields. All fields are shares, so that going
// through them by reflection says it once; it happens once per life.
func (h Habits) withDefaults() Habits {
	standard := defaultHabits()
	fields, defaults := reflect.ValueOf(&h).Elem(), reflect.ValueOf(standard)
	for i := range fields.NumField() {
		if fields.Field(i).Float() == 0 {
			fields.Field(i).SetFloat(defaults.Field(i).Float())
		}
	}
	return h
}

func (h Habits) validate() error {
	fields := reflect.ValueOf(h)
	for i := range fields.NumField() {
		if share := fields.Field(i).Float(); !(share <= 1) { // also refuses NaN
			return &simcity.FieldError{
				Field: "Customer.Habits." + fields.Type().Field(i).Name, Value: share,
				Allowed: "0 to 1, negative for never", Fix: "leave it out for the default",
			}
		}
	}
	return nil
}

// westward and eastward are where travellers come from.
var (
	westward = time.FixedZone("", -5*3600)
	eastward = time.FixedZone("", 5*3600+1800)
)
