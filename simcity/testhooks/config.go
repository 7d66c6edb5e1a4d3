package testhooks

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/bookiji/simcity/chaos"
	"github.com/bookiji/simcity/simcity"
)

// Config is what a host lets simulations do. Only Environment and Secret are
// required; what is nil is not offered.
type Config struct {
	// Environment is where the host runs, such as "staging". It must be on the
	// allow-list SIMCITY_ALLOWED_ENVS, by default test,staging,recovery,local; names
	// of production are refused whatever the list says.
	Environment string

	// Secret is shared with whoever may call: 16 to 256 printable ASCII characters.
	Secret string

	// Prefix is the path under which the handler is mounted. Default /api/test,
	// where runs look for it.
	Prefix string

	// Login opens a session for a synthetic citizen and makes the account if it is
	// new.
	Login func(context.Context, Citizen) (Session, error)

	// Hooks are what the host can break: the same as chaos.Offer takes in process.
	Hooks chaos.Hooks

	// Faults are further ones of the host's own. Their Inject is called without a
	// World, since the run is elsewhere; its context ends when the fault does. A
	// fault without a revert is over at once.
	Faults []simcity.FaultKind

	// Probes counts what must never be, by name, such as doubleBookings.
	Probes func(context.Context) (map[string]int64, error)

	// Purge removes what synthetic citizens left, and tells how many rows of each
	// table that was. A [simcity.FieldError] says that it cannot be asked so.
	Purge func(context.Context, PurgeRequest) (map[string]int64, error)

	// Logger is told of faults, reverts and purges. Default: nobody.
	Logger *slog.Logger
}

// A Citizen asks to be let in.
type Citizen struct {
	// ID is the run's name for it, such as customer/7. May be empty.
	ID string
	// Email is in the synthetic namespace.
	Email string
	// Role and Timezone are what the agent says; empty before it has said so.
	Role     string
	Timezone string
}

// A Session is how a citizen shows who it is.
type Session struct {
	// Token is sent as Authorization: Bearer. It may be empty if there are cookies.
	Token string
	// UserID is the account's. Optional.
	UserID string
	// Cookies are set. Optional.
	Cookies []*http.Cookie
}

// A PurgeRequest says what to remove.
type PurgeRequest struct {
	// DryRun only counts.
	DryRun bool
	// Run is the id of the run whose data is meant (the header X-SimCity-Run of its
	// requests). Empty is everything synthetic.
	Run string
}

// Limits of a secret: shorter ones can be guessed, longer ones are a mistake.
const (
	secretMin = 16
	secretMax = 256
)

// validate reports the first field that cannot work.
func (c *Config) validate() error {
	if err := checkEnvironment(c.Environment); err != nil {
		return err
	}
	printable := !strings.ContainsFunc(c.Secret, func(r rune) bool { return r <= ' ' || r > '~' })
	switch {
	case len(c.Secret) < secretMin || len(c.Secret) > secretMax || !printable:
		return &simcity.FieldError{
			Field: "testhooks.Config.Secret", Value: fmt.Sprintf("[hidden], %d bytes", len(c.Secret)),
			Allowed: fmt.Sprintf("%d to %d printable ASCII characters without blanks", secretMin, secretMax), Fix: "make one with: openssl rand -hex 24",
		}
	case c.Prefix != "" && (!strings.HasPrefix(c.Prefix, "/") || strings.HasSuffix(c.Prefix, "/")):
		return &simcity.FieldError{Field: "testhooks.Config.Prefix", Value: fmt.Sprintf("%q", c.Prefix), Allowed: "a path with a slash at the beginning and none at the end", Fix: "leave it out for " + standardPrefix}
	}
	return c.validateFaults()
}

func (c *Config) validateFaults() error {
	seen := map[string]bool{}
	for i, kind := range c.kinds() {
		if kind.Kind == "" || kind.Make == nil || seen[kind.Kind] {
			return &simcity.FieldError{
				Field: fmt.Sprintf("testhooks.Config.Faults[%d]", i-len(c.Hooks.Kinds())), Value: fmt.Sprintf("%q", kind.Kind),
				Allowed: "a Kind of its own and a Make function", Fix: "name it as neither another fault nor a hook is named",
			}
		}
		seen[kind.Kind] = true
	}
	return nil
}

// kinds are all faults that are offered.
func (c *Config) kinds() []simcity.FaultKind {
	return slices.Concat(c.Hooks.Kinds(), c.Faults)
}

// patience is how long what the host gave may take, in real time, before its
// context ends.
const patience = 10 * time.Second

// called runs what the host gave, in its time. A client that goes away changes
// nothing: what was begun is brought to its end.
func called(ctx context.Context, f func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	return safely(func() error { return f(ctx) })
}

// safely makes a panic an error, since on the goroutine of a lease it would end
// the host.
func safely(f func() error) (err error) {
	defer func() {
		if value := recover(); value != nil {
			err = fmt.Errorf("it panicked: %v", value)
		}
	}()
	return f()
}
