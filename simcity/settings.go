package simcity

import (
	crand "crypto/rand"
	"encoding/binary"
	"os"
	"slices"
	"strconv"
	"strings"
)

// Settings from outside are environment variables, not flags: a flag would be
// unknown to test packages that do not import this one. This file alone reads
// them.
const (
	envSeed   = "SIMCITY_SEED"
	envVerify = "SIMCITY_VERIFY"
	envReplay = "SIMCITY_REPLAY"
	envDebug  = "SIMCITY_DEBUG"
	// envTelemetry names a store for the history of runs: sqlite:path,
	// postgres://... or supabase.
	envTelemetry = "SIMCITY_TELEMETRY"
)

var knownSettings = []string{envSeed, envVerify, envReplay, envDebug, envTelemetry}

// settings are what the environment asks for.
type settings struct {
	seed      *uint64 // nil: the simulation's own
	verify    bool
	replay    string
	debug     bool
	telemetry string
}

// readSettings reads the SIMCITY_ variables. An unknown one is an error: a
// misspelt setting must not be ignored in silence.
func readSettings(environ []string) (settings, error) {
	var s settings
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, "SIMCITY_") || strings.HasPrefix(name, "SIMCITY_TEST_") || name == "SIMCITY_REQUIRE" || value == "" {
			continue
		}
		switch name {
		case envSeed:
			seed, err := parseSeed(value)
			if err != nil {
				return s, err
			}
			s.seed = &seed
		case envVerify:
			var err error
			if s.verify, err = parseSwitch(name, value); err != nil {
				return s, err
			}
		case envDebug:
			var err error
			if s.debug, err = parseSwitch(name, value); err != nil {
				return s, err
			}
		case envReplay:
			s.replay = value
		case envTelemetry:
			s.telemetry = value
		default:
			return s, &FieldError{Field: name, Value: value, Allowed: strings.Join(slices.Sorted(slices.Values(knownSettings)), ", "), Fix: "unset it, or correct its name"}
		}
	}
	return s, nil
}

func parseSwitch(name, value string) (bool, error) {
	switch strings.ToLower(value) {
	case "1", "true", "yes", "on":
		return true, nil
	case "0", "false", "no", "off":
		return false, nil
	}
	return false, &FieldError{Field: name, Value: value, Allowed: "1 or 0", Fix: "set it to 1, or unset it"}
}

func parseSeed(value string) (uint64, error) {
	if value == "random" {
		var b [8]byte
		_, _ = crand.Read(b[:])                           // never fails
		return binary.LittleEndian.Uint64(b[:]) >> 1, nil // fits a signed 64-bit column
	}
	seed, err := strconv.ParseUint(value, 10, 63)
	if err != nil {
		return 0, &FieldError{Field: envSeed, Value: value, Allowed: "a number from 0 to 9223372036854775807, or random", Fix: "take the seed from a verdict line"}
	}
	return seed, nil
}

// environment reads the process's settings. Each known one is asked for by name
// as well, because go test's cache of results records only what is asked by
// name: without it a run with another seed would be answered from the cache.
func environment() (settings, error) {
	for _, name := range knownSettings {
		_, _ = os.LookupEnv(name)
	}
	return readSettings(os.Environ())
}
