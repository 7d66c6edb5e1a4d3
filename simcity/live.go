package simcity

import "flag"

// livesElsewhere refuses what go test and the environment must not do with a
// target that others use too: answer from a cache, or run many at once.
func (p *play) livesElsewhere() error {
	u, ok := p.simulation.target.(*URLTarget)
	if !ok || u.resolve != nil { // a test's network
		return nil
	}
	guard, err := u.guard()
	switch {
	case err != nil || guard.Loopback():
		return err
	case len(p.settings.seeds) > 0 || p.settings.worker > 0:
		return &FieldError{Field: envSeeds, Value: "set", Allowed: "a target in this process or on loopback", Fix: "a sweep would load " + guard.String() + " with several runs at once: unset it"}
	case passIsCached():
		return &FieldError{Field: "-count", Value: "not given", Allowed: "-count=1", Fix: "go test would answer a repeat of this live run from its cache: run go test with -count=1"}
	}
	return nil
}

// passIsCached tells whether go test will keep a pass: only then does it ask for
// a log of what the test depends on.
func passIsCached() bool {
	log := flag.Lookup("test.testlogfile")
	return log != nil && log.Value.String() != ""
}
