//go:build race

package simcity

// raceFlag is what go test must be told for the race detector to be on, as it is.
const raceFlag = "-race "
