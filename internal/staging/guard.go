package staging

import (
	"context"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// A Guard stands before one target. It is safe for concurrent use.
type Guard struct {
	base         *url.URL
	host         host
	port         string
	entries      []entry
	environments []string

	// Resolve asks for the addresses of a name, and Dial opens a connection to an
	// address. They are the system's own; tests replace them.
	Resolve func(ctx context.Context, name string) ([]netip.Addr, error)
	Dial    func(ctx context.Context, network, address string) (net.Conn, error)

	mu     sync.Mutex
	pinned []netip.Addr // what the host resolved to, once
}

// New makes the guard of a base URL, or a *[Refusal]. It does not use the network.
func New(base string, rules Rules) (*Guard, error) {
	entries, err := rules.parse()
	if err != nil {
		return nil, err
	}
	parsed, err := parseBase(base)
	if err != nil {
		return nil, err
	}
	h, why := parseHost(parsed.Hostname())
	if why != "" {
		return nil, &Refusal{
			Field: "Target", Value: "a URL that is refused: " + why, Allowed: "a host in its plain spelling: lower case, no dot at the end, addresses as 127.0.0.1 or [::1]",
			Fix: "write the host as the allow-list has it",
		}
	}
	g := &Guard{base: parsed, host: h, port: portOf(parsed), entries: entries, environments: rules.Environments}
	g.Resolve = func(ctx context.Context, name string) ([]netip.Addr, error) {
		return net.DefaultResolver.LookupNetIP(ctx, "ip", name)
	}
	g.Dial = (&net.Dialer{}).DialContext
	return g, g.admit()
}

// parseBase takes scheme, host, port and a path; whatever may carry a secret or
// a trick is refused, and no part of it is shown.
func parseBase(base string) (*url.URL, error) {
	refuse := func(value, fix string) error {
		return &Refusal{Field: "Target", Value: value, Allowed: "http://host:port or https://host, with a path if need be", Fix: fix}
	}
	parsed, err := url.Parse(base)
	switch {
	case err != nil:
		return nil, refuse("a URL that does not parse", "give scheme and host, such as https://staging.example.com")
	case parsed.Scheme != "http" && parsed.Scheme != "https":
		return nil, refuse("a URL that does not begin with http:// or https://", "give scheme and host, such as https://staging.example.com")
	case parsed.User != nil:
		return nil, refuse("a URL with a user or a password", "leave it out and use .Login, or a header by .Decorate, which no report shows")
	case parsed.RawQuery != "" || parsed.ForceQuery || parsed.Fragment != "":
		return nil, refuse("a URL with a query or a fragment, where secrets end in logs", "leave it out; a token belongs in a header: use Decorate")
	case parsed.Hostname() == "":
		return nil, refuse("a URL without a host", "give scheme and host, such as https://staging.example.com")
	case strings.HasSuffix(parsed.Host, ":") || parsed.Port() != "" && !validPort(parsed.Port()):
		return nil, refuse("a URL with a wrong port", "give a port from 1 to 65535, or leave it out")
	}
	return parsed, nil
}

func validPort(text string) bool {
	n, err := strconv.Atoi(text)
	return err == nil && n > 0 && n <= 65535 && strconv.Itoa(n) == text
}

func portOf(u *url.URL) string {
	switch {
	case u.Port() != "":
		return u.Port()
	case u.Scheme == "https":
		return "443"
	}
	return "80"
}

// admit decides by the allow-list.
func (g *Guard) admit() error {
	if g.host.loopback() {
		return nil
	}
	allowed, plain := false, false
	for _, e := range g.entries {
		if e.names(g.host) || e.holds(g.host.address) {
			allowed, plain = true, plain || e.plain
		}
	}
	if !allowed {
		return &Refusal{
			Field: "Target", Value: g.String(), Allowed: "loopback addresses" + g.listed(),
			Fix: "start the system under test on 127.0.0.1, or, if this is your staging system, allow it by its exact name: .AllowHost(\"" + g.host.String() + "\") or SIMCITY_ALLOWED_HOSTS=" + g.host.String(),
		}
	}
	if g.base.Scheme == "http" && !plain {
		return &Refusal{
			Field: "Target", Value: g.String(), Allowed: "https, so that secrets are sent to nobody else",
			Fix: "use https, or say that the network is yours: .AllowHost(\"http://" + g.host.String() + "\")",
		}
	}
	if g.host.address.IsValid() {
		return g.checkAddress(g.host.address)
	}
	return nil
}

// listed tells the allow-list, for messages.
func (g *Guard) listed() string {
	var all []string
	for _, e := range g.entries {
		all = append(all, e.text)
	}
	if len(all) == 0 {
		return "; no host is on the allow-list"
	}
	return ", " + strings.Join(all, ", ")
}

// String is scheme and host.
func (g *Guard) String() string { return g.base.Scheme + "://" + g.base.Host }

// Base is the base URL without a slash at the end.
func (g *Guard) Base() string { return strings.TrimSuffix(g.base.String(), "/") }

// Path is that of the base URL, without a slash at the end.
func (g *Guard) Path() string { return strings.TrimSuffix(g.base.Path, "/") }

// Is tells whether an address with a port is the target's.
func (g *Guard) Is(address string) bool { return address == net.JoinHostPort(g.host.String(), g.port) }

// Loopback tells whether the target is on this machine.
func (g *Guard) Loopback() bool { return g.host.loopback() }

// Allowed refuses a URL that is not on the target: another scheme, host or port.
func (g *Guard) Allowed(u *url.URL) error {
	if u.Scheme == g.base.Scheme && u.Hostname() == g.base.Hostname() && portOf(u) == g.port && u.User == nil {
		return nil
	}
	return &Refusal{
		Field: "request", Value: "to another host, " + excerpt(u.Scheme+"://"+u.Host), Allowed: g.String(),
		Fix: "citizens reach the target alone: mend the redirect or the agent",
	}
}

// Environments are the names that the target may give itself.
func (g *Guard) Environments() []string { return slices.Clone(g.environments) }
