package simcity

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/bookiji/simcity/internal/staging"
)

// URL is a target that serves HTTP elsewhere: another process on this machine
// or, if its host and its environment are allowed, a staging system. It needs a
// Stepped or Paced clock. The methods chain, and nothing is sent before the run.
//
//	simcity.URL("https://staging.example.com").
//		Environment("staging").
//		AllowHost("staging.example.com").
//		Login(os.Getenv("SIMCITY_SECRET"))
//
// Everything that is not allowed is refused, as the package documentation says
// under Staging.
func URL(base string) *URLTarget { return &URLTarget{base: base} }

// A URLTarget is made by [URL]. It may serve many simulations, one after the
// other or at once; its methods are not safe for concurrent use.
type URLTarget struct {
	base        string
	environment string
	hosts       []string
	secret      string
	decorate    func(context.Context, *Citizen, *http.Request) error
	roots       *x509.CertPool
	proxy       func(*http.Request) (*url.URL, error)
	equipment   []func(context.Context, *World) error
	limits      Limits

	// resolve and dial stand for the network in tests.
	resolve func(ctx context.Context, name string) ([]netip.Addr, error)
	dial    func(ctx context.Context, network, address string) (net.Conn, error)
}

// Environment declares what the target must say that it is. Without it any
// environment of SIMCITY_ALLOWED_ENVS will do.
func (u *URLTarget) Environment(name string) *URLTarget {
	u.environment = name
	return u
}

// AllowHost adds to the hosts that may be touched, which SIMCITY_ALLOWED_HOSTS
// lists as well: staging.example.com is this host over HTTPS;
// *.staging.example.com all below it; http://app.internal a host over plain HTTP;
// 10.2.0.7 and 10.2.0.0/16 are addresses that allowed hosts may have although they
// are private. Loopback needs no entry.
func (u *URLTarget) AllowHost(entries ...string) *URLTarget {
	u.hosts = append(slices.Clone(u.hosts), entries...)
	return u
}

// Login lets each citizen log in when it is born, by POST /api/test/login with
// the secret that the host's test hooks share. The token that it is given goes
// with all its requests that have no Authorization, cookies are kept. The secret
// is sent to /api/test/ of the target alone, after it has said that it is no
// production, and it is shown nowhere.
func (u *URLTarget) Login(secret string) *URLTarget {
	u.secret = secret
	if secret == "" {
		u.secret = noSecret
	}
	return u
}

// noSecret stands for a secret that is empty, which is refused.
const noSecret = "\x00"

// Decorate changes each request before it is sent, for example to add a token
// that is made in process. The citizen is nil for requests of collectors, faults
// and probes. It must be safe for concurrent use. An error is the request's.
func (u *URLTarget) Decorate(decorate func(ctx context.Context, c *Citizen, request *http.Request) error) *URLTarget {
	u.decorate = decorate
	return u
}

// Equip is called in each run once the target has said who it is, before faults
// are asked whether they can strike: what an InProcess target's factory does for
// them is done here, such as remote.Hooks{}.Offer of package chaos/remote. An error
// refuses the run. Requests go through [World.Client] with the ctx that is given.
func (u *URLTarget) Equip(equip ...func(ctx context.Context, w *World) error) *URLTarget {
	u.equipment = append(slices.Clone(u.equipment), equip...)
	return u
}

// equip lets those who asked for it prepare the run.
func (r *run) equip() error {
	u, ok := r.target.(*URLTarget)
	if !ok {
		return nil
	}
	for _, equip := range u.equipment {
		if err := equip(r.ctx, r.world); err != nil {
			return fmt.Errorf("simcity: the target cannot be equipped: %w", err)
		}
	}
	return nil
}

// RootCAs are trusted instead of the system's authorities. Certificates are
// always verified.
func (u *URLTarget) RootCAs(pool *x509.CertPool) *URLTarget {
	u.roots = pool
	return u
}

// Proxy reaches the target through a proxy, such as [http.ProxyFromEnvironment]
// or one of [http.ProxyURL]. By default the variables HTTP_PROXY and HTTPS_PROXY
// are ignored, because the address that a proxy dials cannot be checked here; a
// note of the result says so.
func (u *URLTarget) Proxy(proxy func(*http.Request) (*url.URL, error)) *URLTarget {
	u.proxy = proxy
	return u
}

// Limit changes the limits; a zero field keeps its default. On loopback nothing
// is limited unless it is asked for.
func (u *URLTarget) Limit(limits Limits) *URLTarget {
	u.limits = limits
	return u
}

func (u *URLTarget) baseURL() string { return strings.TrimSuffix(u.base, "/") }

// guard makes the guard by the rules of builder and environment.
func (u *URLTarget) guard() (*staging.Guard, error) {
	rules, err := stagingRules()
	if err != nil {
		return nil, err
	}
	if u.environment != "" && !slices.Contains(rules.Environments, u.environment) {
		return nil, &FieldError{Field: "Target.Environment", Value: fmt.Sprintf("%q", u.environment), Allowed: strings.Join(rules.Environments, ", "), Fix: "if it is a copy that may be filled with synthetic citizens, add it to " + envAllowedEnvs}
	}
	rules.Hosts = append(rules.Hosts, u.hosts...)
	guard, err := staging.New(u.base, rules)
	if err != nil {
		return nil, refused(err)
	}
	if u.resolve != nil {
		guard.Resolve, guard.Dial = u.resolve, u.dial
	}
	return guard, nil
}

func (u *URLTarget) validate(clock Clock, scenario *Scenario) error {
	guard, err := u.guard()
	switch {
	case err != nil:
		return err
	case !clock.inner.HostTimeIsReal():
		return &FieldError{Field: "Target", Value: guard.String(), Allowed: "a Stepped or Paced clock", Fix: "a server elsewhere lives on real time: add .Clock(simcity.Stepped()) or .Clock(simcity.Paced(100))"}
	case u.secret == noSecret:
		return &FieldError{Field: "Target.Login", Value: "empty", Allowed: "the secret of the target's test hooks", Fix: "set the variable that it is read from, or leave Login out"}
	}
	return u.limitsFor(guard).check(clock, scenario)
}

// way is a run's way to the target, nil if the target is refused.
func (u *URLTarget) way(r *run) *remote {
	guard, err := u.guard()
	if err != nil {
		return nil
	}
	return newRemote(r, u, guard)
}

// open opens the run's way to the target and asks it who it is, before anything
// else is sent.
func (u *URLTarget) open(r *run) (http.RoundTripper, error) {
	if r.remote == nil {
		return nil, errors.New("simcity: the target was allowed and is refused now: leave SIMCITY_ALLOWED_HOSTS and SIMCITY_ALLOWED_ENVS as they are while a test runs")
	}
	r.world.OnClose(r.remote.close)
	if u.proxy != nil {
		r.find(Finding{Kind: FindingTarget, Severity: NoteFinding, Text: "the target is reached through a proxy: which address that dials cannot be checked here"})
	}
	if err := r.remote.open(); err != nil {
		return nil, err
	}
	return &networkTransport{run: r, remote: r.remote}, nil
}

// refused makes the guard's word the engine's own.
func refused(err error) error {
	var r *staging.Refusal
	if errors.As(err, &r) {
		return &FieldError{Field: r.Field, Value: r.Value, Allowed: r.Allowed, Fix: r.Fix}
	}
	return err
}
