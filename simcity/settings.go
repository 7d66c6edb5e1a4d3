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
)

var knownSettings = []string{envSeed, envVerify, envReplay, envDebug}

// settings are what the environment asks for.
type settings struct {
	seed   *uint64 // nil: the simulation's own
	verify bool
	replay string
	debug  bool
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
			s.verify = isOn(value)
		case envDebug:
			s.debug = isOn(value)
		case envReplay:
			s.replay = value
		default:
			return s, &FieldError{Field: name, Value: value, Allowed: strings.Join(slices.Sorted(slices.Values(knownSettings)), ", "), Fix: "unset it, or correct its name"}
		}
	}
	return s, nil
}

// isOn reads a switch: 0, false, no and off are off, everything else is on.
func isOn(value string) bool {
	return !slices.Contains([]string{"0", "false", "no", "off"}, strings.ToLower(value))
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

func environment() (settings, error) { return readSettings(os.Environ()) }
