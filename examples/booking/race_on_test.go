//go:build race

package booking_test

// underRace tells tests that live many seeds to live fewer.
const underRace = true
