//go:build !race

package booking_test

const underRace = false
