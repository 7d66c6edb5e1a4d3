package agents

import (
	"strings"

	"github.com/bookiji/simcity/simcity"
)

// Character is what a persona's name means: three traits, joined by hyphens,
// such as "chatty-patient-strict". A trait that is not named is the milder one.
type Character struct {
	// Chatty citizens write messages about most bookings, quiet ones seldom.
	Chatty bool
	// Patient citizens wait the whole customerPatienceThreshold for an answer
	// and then look in again; impatient ones wait half of it and often cancel.
	Patient bool
	// Strict citizens insist: as customers they rarely accept another slot than
	// the one they chose, as vendors they rarely propose one but decline.
	Strict bool
}

// CharacterOf reads a persona's name.
func CharacterOf(persona string) Character {
	c := Character{Patient: true}
	for trait := range strings.SplitSeq(persona, "-") {
		switch trait {
		case "chatty":
			c.Chatty = true
		case "impatient":
			c.Patient = false
		case "strict":
			c.Strict = true
		}
	}
	return c
}

// Personas are the eight combinations of the runbook's traits. The shares (40 %
// chatty, 60 % patient, 30 % strict, independent of one another) are our
// assumption; no public figures exist.
func Personas() []simcity.Persona {
	return []simcity.Persona{
		{Name: "chatty-patient-strict", Weight: 0.4 * 0.6 * 0.3},
		{Name: "chatty-patient-flexible", Weight: 0.4 * 0.6 * 0.7},
		{Name: "chatty-impatient-strict", Weight: 0.4 * 0.4 * 0.3},
		{Name: "chatty-impatient-flexible", Weight: 0.4 * 0.4 * 0.7},
		{Name: "quiet-patient-strict", Weight: 0.6 * 0.6 * 0.3},
		{Name: "quiet-patient-flexible", Weight: 0.6 * 0.6 * 0.7},
		{Name: "quiet-impatient-strict", Weight: 0.6 * 0.4 * 0.3},
		{Name: "quiet-impatient-flexible", Weight: 0.6 * 0.4 * 0.7},
	}
}

// residentSteps lets a vendor look at its inbox every tick for years.
const residentSteps = 10_000_000

// Customers is the population "customer" of [Customer] citizens.
func Customers(arrivals simcity.Arrivals) simcity.Population {
	return simcity.Population{
		Name: "customer", Agent: Customer{}, Arrivals: arrivals, Personas: Personas(),
	}
}

// Vendors is the population "vendor" of [Vendor] citizens. They are resident:
// a vendor stays, and would otherwise take the customers' places.
func Vendors(arrivals simcity.Arrivals) simcity.Population {
	return simcity.Population{
		Name: "vendor", Agent: Vendor{}, Arrivals: arrivals, Personas: Personas(),
		StepLimit: residentSteps, Resident: true,
	}
}
