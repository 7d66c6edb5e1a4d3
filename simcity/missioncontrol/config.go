package missioncontrol

import (
	"cmp"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/bookiji/simcity/simcity"
	"github.com/bookiji/simcity/simcity/telemetry"
)

// Config of [New]. Authorize, Scenarios and Target are required; zero fields mean the
// documented defaults.
type Config struct {
	// Authorize decides who may do anything here. An error answers 403. Its text is not
	// shown; what its method Advice() string returns is, where it has one: how to be let
	// in, such as which header to send. Required: what is open to all says so by a function.
	Authorize func(r *http.Request) error
	// Scenarios are those that can be started, with names of their own. At least one.
	Scenarios []simcity.Scenario
	// Faults are kinds that may be injected into runs of every scenario, beside those
	// that the scenario registers: chaos.Kinds(), for example.
	Faults []simcity.FaultKind
	// Target is the system under test of all runs. It must be one that may be opened for
	// each run anew, such as simcity.InProcess. Required.
	Target simcity.Target
	// Prepare changes a run before it starts: its Classify, for example. Optional.
	Prepare func(simulation *simcity.Simulation)

	// Tests are the tests of this process, if the runs are theirs: none is started
	// here, and Scenarios, Faults and Target stay empty. Runs are shown by
	// [Handler.Attach]. Optional; package testui has them.
	Tests Tests

	// Clock of runs whose start names none: "virtual", or "paced" for hosts that cannot
	// live in a bubble. Default virtual where the target allows it.
	Clock string

	// Store keeps the history. Default: a telemetry.Memory, of which the latest
	// MemoryRuns are kept. It is not closed.
	Store telemetry.Store
	// Telemetry says how rows are delivered to the store.
	Telemetry telemetry.Options
	// MemoryRuns is how many runs the default store keeps. Default 100.
	MemoryRuns int

	// Pages are the files of the pages; see the package documentation. Default none.
	Pages fs.FS
	// Prefix is where the handler is mounted, such as "/ops", unless something else
	// strips it. Default none.
	Prefix string
	// PublicURL is how clients reach the mount point, such as
	// "https://ops.example.com/simcity", for the command lines that are shown. Default: as the request says.
	PublicURL string
	// TrustedOrigins may make calls that change something although they are others,
	// such as "https://console.example.com".
	TrustedOrigins []string

	// BodyBytes is how long the body of a request may be. Default 64 KiB.
	BodyBytes int64
	// CommandWait is how long an answer waits for a command to take effect. Default 2 s.
	CommandWait time.Duration
	// StopWait is how long an answer waits for a run to end. Default 10 s.
	StopWait time.Duration
	// RetainEvents and RetainBytes are how many events of a run, and bytes of them, are kept in
	// memory for streams. Defaults 50,000 and 64 MiB.
	RetainEvents int
	RetainBytes  int
	// StreamsMax is how many streams may be open. Default 2000.
	StreamsMax int
	// Heartbeat is how often a stream tells the run's state. Default 1 s.
	Heartbeat time.Duration
	// StorePoll is how often the store is asked for what other processes have written
	// of a run that is followed here. Default 250 ms.
	StorePoll time.Duration
	// KeepAlive is how long a stream is quiet before it sends a comment. Default 15 s.
	KeepAlive time.Duration
	// WriteTimeout is how long a connection may take nothing before it is cut.
	// Default 10 s.
	WriteTimeout time.Duration
}

// WithDefaults fills in what is zero.
func (c Config) WithDefaults() Config {
	if c.Store == nil {
		c.Store = telemetry.NewMemory()
	}
	c.MemoryRuns = cmp.Or(c.MemoryRuns, 100)
	c.BodyBytes = cmp.Or(c.BodyBytes, 64<<10)
	c.CommandWait = cmp.Or(c.CommandWait, 2*time.Second)
	c.StopWait = cmp.Or(c.StopWait, 10*time.Second)
	c.RetainEvents = cmp.Or(c.RetainEvents, 50_000)
	c.RetainBytes = cmp.Or(c.RetainBytes, 64<<20)
	c.StreamsMax = cmp.Or(c.StreamsMax, 2000)
	c.Heartbeat = cmp.Or(c.Heartbeat, time.Second)
	c.StorePoll = cmp.Or(c.StorePoll, 250*time.Millisecond)
	c.KeepAlive = cmp.Or(c.KeepAlive, 15*time.Second)
	c.WriteTimeout = cmp.Or(c.WriteTimeout, 10*time.Second)
	return c
}

// Validate names the first field that cannot work, as a [simcity.FieldError].
func (c Config) Validate() error {
	switch {
	case c.Authorize == nil:
		return wrongField("Authorize", "nil", "a function", "decide who may start and stop runs; an error refuses the request")
	case c.Tests != nil && (len(c.Scenarios) > 0 || c.Target != nil):
		return wrongField("Tests", "set beside Scenarios or Target", "one of the two", "runs of tests are shown, those of Scenarios are started here: make two handlers")
	case c.Tests != nil:
		return c.validateRest()
	case len(c.Scenarios) == 0:
		return wrongField("Scenarios", "empty", "at least one", "give scenarios.Baseline(), for example")
	case c.Target == nil:
		return wrongField("Target", "nil", "a target", "give simcity.InProcess(newApp)")
	}
	return c.validateRest()
}

// wrongField is a field that cannot work.
func wrongField(field string, value any, allowed, fix string) error {
	return fmt.Errorf("missioncontrol: %w", &simcity.FieldError{Field: "Config." + field, Value: value, Allowed: allowed, Fix: fix})
}

func (c Config) validateRest() error {
	switch {
	case c.Clock != "" && c.Clock != clockVirtual && c.Clock != clockPaced:
		return wrongField("Clock", c.Clock, "virtual, paced", "leave it out for the one that fits the target")
	case c.Prefix != "" && (!strings.HasPrefix(c.Prefix, "/") || strings.HasSuffix(c.Prefix, "/")):
		return wrongField("Prefix", c.Prefix, `a path such as "/ops"`, "begin it with a slash, and end it without")
	}
	if u, err := url.Parse(c.PublicURL); c.PublicURL != "" && (err != nil || u.Host == "") {
		return wrongField("PublicURL", c.PublicURL, `an URL such as "https://ops.example.com/simcity"`, "give scheme and host")
	}
	for _, limit := range []struct {
		field string
		value int64
	}{
		{"MemoryRuns", int64(c.MemoryRuns)}, {"BodyBytes", c.BodyBytes}, {"CommandWait", int64(c.CommandWait)}, {"StopWait", int64(c.StopWait)},
		{"RetainEvents", int64(c.RetainEvents)}, {"RetainBytes", int64(c.RetainBytes)}, {"StreamsMax", int64(c.StreamsMax)},
		{"Heartbeat", int64(c.Heartbeat)}, {"StorePoll", int64(c.StorePoll)}, {"KeepAlive", int64(c.KeepAlive)}, {"WriteTimeout", int64(c.WriteTimeout)},
	} {
		if limit.value < 0 {
			return wrongField(limit.field, limit.value, "0 or more", "leave it out for the default")
		}
	}
	if err := c.Telemetry.Validate(); err != nil {
		return fmt.Errorf("missioncontrol: Config.Telemetry: %w", err)
	}
	return c.validateScenarios()
}

func (c Config) validateScenarios() error {
	seen := make(map[string]bool)
	for i, s := range c.Scenarios {
		if err := c.equip(s).Validate(); err != nil {
			return fmt.Errorf("missioncontrol: Config.Scenarios[%d]: %w", i, err)
		}
		if seen[s.Name] {
			return fmt.Errorf("missioncontrol: %w", &simcity.FieldError{
				Field: fmt.Sprintf("Config.Scenarios[%d].Name", i), Value: s.Name, Allowed: "unique names", Fix: "rename one of the two",
			})
		}
		seen[s.Name] = true
	}
	return nil
}

// equip gives the scenario the kinds of faults that all have.
func (c Config) equip(s simcity.Scenario) simcity.Scenario {
	kinds := append([]simcity.FaultKind(nil), s.Faults...)
	has := make(map[string]bool)
	for _, kind := range kinds {
		has[kind.Kind] = true
	}
	for _, kind := range c.Faults {
		if !has[kind.Kind] {
			kinds = append(kinds, kind)
		}
	}
	s.Faults = kinds
	if s.Policies == (simcity.Policies{}) {
		s.Policies = simcity.DefaultPolicies()
	}
	s.Duration = cmp.Or(s.Duration, 20*time.Hour) // as the engine does
	s.Compression = cmp.Or(s.Compression, 100)
	return s
}
