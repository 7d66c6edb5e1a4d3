//go:build !race

package simcity

const raceFlag = ""
