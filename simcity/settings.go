package simcity

import (
	"cmp"
	crand "crypto/rand"
	"encoding/binary"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bookiji/simcity/internal/locks"
	"github.com/bookiji/simcity/internal/staging"
)

// Settings from outside are environment variables, not flags: a flag would be
// unknown to test packages that do not import this one. This file alone reads
// them. A relative path in one is below the module's root, so that it means one
// place in all packages.
const (
	envSeed   = "SIMCITY_SEED"
	envVerify = "SIMCITY_VERIFY"
	envReplay = "SIMCITY_REPLAY"
	envDebug  = "SIMCITY_DEBUG"
	// envTelemetry names a store for the history of runs: sqlite:path,
	// postgres://... or supabase.
	envTelemetry = "SIMCITY_TELEMETRY"
	// envReport names where runs are reported: summary, annotations, json:folder,
	// html:folder, issue, webhook, or others that are linked, with commas between.
	envReport = "SIMCITY_REPORT"
	// envShrink asks for the smallest run that still fails.
	envShrink = "SIMCITY_SHRINK"
	// envExplore says how runs look for races.
	envExplore = "SIMCITY_EXPLORE"
	// envSpeed slows Virtual runs down: simulated seconds per real second.
	envSpeed = "SIMCITY_SPEED"
	// envUI is the address at which runs of tests are shown in a browser.
	envUI = "SIMCITY_UI"
	// envUIWait is how long a test waits for somebody to look.
	envUIWait = "SIMCITY_UI_WAIT"
	// envSeeds asks for a sweep: a count, or first-last.
	envSeeds = "SIMCITY_SEEDS"
	// envWorkers is how many processes a sweep has. Default one per processor.
	envWorkers = "SIMCITY_WORKERS"
	// envShard is which part of a sweep this machine runs: i/n.
	envShard = "SIMCITY_SHARD"
	// envStopAfter ends a sweep after so many failed seeds. Default: never.
	envStopAfter = "SIMCITY_STOP_AFTER"
	// envSeedTime and envSeedMemory are what a seed of a sweep may take: a
	// duration of real time, and megabytes of its process.
	envSeedTime   = "SIMCITY_SEED_TIME"
	envSeedMemory = "SIMCITY_SEED_MEMORY"
	// envSweepHistory is the file that tells new failures from ongoing ones.
	envSweepHistory = "SIMCITY_SWEEP_HISTORY"

	// envOverlay switches off, by 0, the seams at locks of a binary compiled with
	// the overlay of the command simcity. envPackages are the import path patterns of
	// the host; the command itself reads envOverlayCache.
	envOverlay      = "SIMCITY_OVERLAY"
	envPackages     = "SIMCITY_OVERLAY_PACKAGES"
	envOverlayCache = "SIMCITY_OVERLAY_CACHE"

	// envAllowedEnvs are the environments that a target elsewhere may be, and
	// envAllowedHosts the hosts beside loopback that may be touched, each a list with
	// commas. They count outside of tests, too.
	envAllowedEnvs  = staging.EnvEnvironments
	envAllowedHosts = staging.EnvHosts

	// envWorker makes this process a worker of a sweep. It is our own.
	envWorker = "SIMCITY_TEST_WORKER"
)

// settings are what the environment asks for.
type settings struct {
	seed        *uint64 // nil: the simulation's own
	drawn       bool    // seed is random
	verify      bool
	replay      string
	debug       bool
	telemetry   string
	reports     []string // name or name:argument
	shrink      bool
	speed       float64 // 0: the simulation's own
	ui          string  // address; empty: nobody looks
	uiWait      time.Duration
	explore     *Explore // nil: the simulation's own
	exploreMode string
	overlaid    exploring

	seeds        []uint64 // of a sweep; none: a single run
	workers      int
	shard        shard
	stopAfter    int
	seedTime     time.Duration
	seedMemory   int64
	sweepHistory string
	ofSweep      string // a variable that is set and means nothing without seeds
	worker       int    // the simulation that a worker runs; 0: not a worker
}

// readers read the value of each variable.
var readers = map[string]func(s *settings, value string) error{
	envSeed: func(s *settings, value string) error {
		seed, err := parseSeed(value)
		s.seed, s.drawn = &seed, value == "random"
		return err
	},
	envVerify: func(s *settings, value string) (err error) { s.verify, err = parseSwitch(envVerify, value); return },
	envExplore: func(s *settings, value string) error {
		e, err := parseExplore(value)
		s.explore, s.exploreMode = &e, value
		return err
	},
	envDebug:  func(s *settings, value string) (err error) { s.debug, err = parseSwitch(envDebug, value); return },
	envShrink: func(s *settings, value string) (err error) { s.shrink, err = parseSwitch(envShrink, value); return },
	envOverlay: func(s *settings, value string) error {
		on, err := parseSwitch(envOverlay, value)
		if err == nil && on && !locks.Active() {
			err = &FieldError{Field: envOverlay, Value: value, Allowed: "0, in a binary without the overlay", Fix: "run go test with " + overlayWords}
		}
		s.overlaid.off = !on
		return err
	},
	envPackages: func(s *settings, value string) error {
		s.overlaid.packages = locks.ParsePatterns(value)
		for _, pattern := range s.overlaid.packages {
			if path, _ := strings.CutSuffix("/"+pattern, "/..."); strings.Contains(path, "/.") || strings.ContainsAny(path, "* []{}()\"'") || strings.HasPrefix(pattern, "/") {
				return &FieldError{Field: envPackages, Value: pattern, Allowed: "import paths, and /... at their end for all below", Fix: "such as example.com/shop/...,example.com/stock"}
			}
		}
		return nil
	},
	envOverlayCache: func(*settings, string) error { return nil },
	envAllowedEnvs:  func(*settings, string) error { _, err := stagingRules(); return err },
	envAllowedHosts: func(*settings, string) error { _, err := stagingRules(); return err },
	envSpeed: func(s *settings, value string) error {
		factor, err := strconv.ParseFloat(value, 64)
		if err != nil || !(factor > 0 && factor <= maxCompression) {
			return &FieldError{Field: envSpeed, Value: value, Allowed: "more than 0, up to 1000000", Fix: "100 makes 12 real minutes of 20 simulated hours; unset it for as fast as it goes"}
		}
		s.speed = factor
		return nil
	},
	envUI: func(s *settings, value string) (err error) { s.ui, err = parseUI(value); return },
	envUIWait: func(s *settings, value string) error {
		wait, err := time.ParseDuration(value)
		if err != nil || wait < 0 {
			return &FieldError{Field: envUIWait, Value: value, Allowed: "a duration such as 10m, or 0", Fix: "unset it for " + defaultUIWait.String()}
		}
		s.uiWait = wait
		return nil
	},
	envReplay: func(s *settings, value string) error { s.replay = belowModule(value); return nil },
	envTelemetry: func(s *settings, value string) error {
		if path, isFile := strings.CutPrefix(value, "sqlite:"); isFile && path != "" && path[0] != ':' {
			value = "sqlite:" + belowModule(path)
		}
		s.telemetry = value
		return nil
	},
	envReport:       func(s *settings, value string) (err error) { s.reports, err = parseReports(value); return },
	envSweepHistory: func(s *settings, value string) error { s.sweepHistory = belowModule(value); return nil },
	envSeeds:        func(s *settings, value string) (err error) { s.seeds, err = parseSeeds(value); return },
	envShard:        func(s *settings, value string) (err error) { s.shard, err = parseShard(value); return },
	envWorkers: func(s *settings, value string) (err error) {
		s.workers, err = parseCount(envWorkers, value, 1000)
		return
	},
	envStopAfter: func(s *settings, value string) (err error) {
		s.stopAfter, err = parseCount(envStopAfter, value, maxSweep)
		return
	},
	envSeedTime: func(s *settings, value string) (err error) {
		s.seedTime, err = time.ParseDuration(value)
		if err != nil || s.seedTime <= 0 {
			err = &FieldError{Field: envSeedTime, Value: value, Allowed: "a duration such as 90s", Fix: "unset it for " + defaultSeedTime.String()}
		}
		return
	},
	envSeedMemory: func(s *settings, value string) error {
		megabytes, err := parseCount(envSeedMemory, value, 1<<20)
		s.seedMemory = int64(megabytes) << 20
		return err
	},
}

// ofTests are variables that others read for themselves: tests the real parts that
// must be there, whether goldens are rewritten and the secret of a target's test
// hooks, Mission Control its token.
var ofTests = []string{"SIMCITY_REQUIRE", "SIMCITY_SECRET", "SIMCITY_TOKEN", "SIMCITY_UPDATE"}

// readSettings reads the SIMCITY_ variables. An unknown one is an error: a
// misspelt setting must not be ignored in silence.
func readSettings(environ []string) (settings, error) {
	s := settings{workers: runtime.NumCPU(), seedTime: defaultSeedTime, seedMemory: defaultSeedMemory, uiWait: defaultUIWait}
	foreign := map[string]string{}
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		if name == envWorker {
			s.worker, _ = strconv.Atoi(value)
		}
		if !strings.HasPrefix(name, "SIMCITY_") {
			foreign[name] = value
			continue
		}
		if strings.HasPrefix(name, "SIMCITY_TEST_") || slices.Contains(ofTests, name) || value == "" {
			continue
		}
		read := readers[name]
		if read == nil {
			// Its value is not told: it may be a secret of somebody else.
			return s, &FieldError{Field: name, Value: "unknown", Allowed: strings.Join(knownSettings(), ", "), Fix: "unset it, or correct its name: did you mean " + nearest(name, knownSettings()) + "?"}
		}
		if err := read(&s, value); err != nil {
			return s, err
		}
		if name == envWorkers || name == envShard || name == envStopAfter {
			s.ofSweep = name
		}
	}
	if s.shard == (shard{}) {
		s.shard = ciShard(func(name string) string { return foreign[name] })
	}
	return s, s.consistent()
}

// consistent refuses settings that cannot be meant together.
func (s *settings) consistent() error {
	switch {
	case len(s.seeds) > 0 && s.seed != nil:
		return &FieldError{Field: envSeeds, Value: "set beside " + envSeed, Allowed: "one of the two", Fix: "unset " + envSeed + " for a sweep"}
	case s.replay != "" && s.seed != nil:
		return &FieldError{Field: envReplay, Value: "set beside " + envSeed, Allowed: "one of the two", Fix: "unset " + envSeed + ": the bundle has a seed"}
	case len(s.seeds) > 0 && s.shrink:
		return &FieldError{Field: envSeeds, Value: "set beside " + envShrink, Allowed: "one of the two", Fix: "unset " + envShrink + " for a sweep, then shrink one of its seeds with " + envSeed}
	case len(s.seeds) == 0 && s.ofSweep != "" && s.worker == 0:
		return &FieldError{Field: s.ofSweep, Value: "set without " + envSeeds, Allowed: "both or neither", Fix: "it is about sweeps: set " + envSeeds + "=100, or unset it"}
	case len(s.seeds) > 0 && s.replay != "":
		return &FieldError{Field: envSeeds, Value: "set beside " + envReplay, Allowed: "one of the two", Fix: "unset " + envReplay + " for a sweep"}
	case len(s.seeds) > 0 && s.ui != "":
		return &FieldError{Field: envSeeds, Value: "set beside " + envUI, Allowed: "one of the two", Fix: "unset " + envUI + " for a sweep, then look at one of its seeds with " + envSeed}
	}
	return nil
}

func knownSettings() []string {
	var names []string
	for name := range readers {
		names = append(names, name)
	}
	names = append(names, ofTests...)
	slices.Sort(names)
	return names
}

// nearest is the word that takes the fewest changes of a letter.
func nearest(word string, words []string) string {
	return slices.MinFunc(words, func(a, b string) int { return cmp.Compare(distance(word, a), distance(word, b)) })
}

// distance is how many letters must be put in, left out or changed to make b of a
// (Levenshtein 1966).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		corner := row[0]
		row[0] = i + 1
		for j := range len(b) {
			changed := corner
			if a[i] != b[j] {
				changed++
			}
			corner = row[j+1]
			row[j+1] = min(changed, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

func parseSwitch(name, value string) (bool, error) {
	switch value {
	case "1":
		return true, nil
	case "0":
		return false, nil
	}
	return false, &FieldError{Field: name, Value: value, Allowed: "1 or 0", Fix: "set it to 1, or unset it"}
}

func parseCount(name, value string, most int) (int, error) {
	n, err := strconv.Atoi(value)
	if err != nil || n < 1 || n > most {
		return 0, &FieldError{Field: name, Value: value, Allowed: "1 to " + strconv.Itoa(most), Fix: "give a whole number, or unset it"}
	}
	return n, nil
}

// parseReports reads names with commas between.
func parseReports(value string) ([]string, error) {
	var all []string
	for text := range strings.SplitSeq(value, ",") {
		name, _, _ := strings.Cut(strings.TrimSpace(text), ":")
		if name == "" || slices.ContainsFunc(all, func(other string) bool { return strings.HasPrefix(other+":", name+":") }) {
			return nil, &FieldError{Field: envReport, Value: value, Allowed: "names with commas between, each once", Fix: "such as summary,annotations,json:reports"}
		}
		all = append(all, strings.TrimSpace(text))
	}
	return all, nil
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

// belowModule is a path as it is seen from the module's root. Outside of a module
// it is as it was given.
func belowModule(path string) string {
	root, _, err := inModule()
	if err != nil || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(root, path)
}

// stagingRules are the environment's word on which targets may be touched.
func stagingRules() (staging.Rules, error) {
	rules := staging.FromEnvironment()
	return rules, refused(rules.Check())
}

// environment reads the process's settings. Each known one is asked for by name
// as well, because go test's cache of results records only what is asked by
// name: without it a run with another seed would be answered from the cache.
func environment() (settings, error) {
	for name := range readers {
		_, _ = os.LookupEnv(name)
	}
	for _, ci := range ciShards {
		_, _ = os.LookupEnv(ci.index)
	}
	return readSettings(os.Environ())
}
