package staging

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
)

// DialContext connects to the target and to nothing else, at an address that
// was checked. It is for http.Transport.
func (g *Guard) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	if !g.Is(address) {
		return nil, &Refusal{Field: "connection", Value: "to " + excerpt(address), Allowed: g.String(), Fix: "citizens reach the target alone"}
	}
	addresses, err := g.pin(ctx)
	if err != nil {
		return nil, err
	}
	var failed []error
	for _, a := range addresses {
		conn, err := g.Dial(ctx, network, net.JoinHostPort(a.String(), g.port))
		if err == nil {
			return conn, nil
		}
		failed = append(failed, err)
	}
	return nil, errors.Join(failed...)
}

// Addresses are those that the host resolved to, none before the first
// connection.
func (g *Guard) Addresses() []netip.Addr {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.pinned
}

// pin resolves the host once. A failed look-up, or one whose answer is refused,
// is made again by the next connection: nothing was dialled.
func (g *Guard) pin(ctx context.Context) ([]netip.Addr, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.pinned != nil {
		return g.pinned, nil
	}
	addresses := []netip.Addr{g.host.address}
	if g.host.name != "" {
		var err error
		if addresses, err = g.Resolve(ctx, g.host.name); err != nil {
			return nil, fmt.Errorf("simcity: %s cannot be found: %w", g.host, err)
		}
	}
	if len(addresses) == 0 {
		return nil, fmt.Errorf("simcity: %s has no address", g.host)
	}
	for i, a := range addresses {
		addresses[i] = a.Unmap()
		if err := g.checkAddress(addresses[i]); err != nil {
			return nil, err
		}
	}
	g.pinned = addresses
	return addresses, nil
}

// checkAddress refuses an address that the host must not have.
func (g *Guard) checkAddress(a netip.Addr) error {
	refuse := func(what, fix string) error {
		return &Refusal{Field: "address of " + g.host.String(), Value: a.String() + ", " + what, Allowed: g.addressesAllowed(), Fix: fix}
	}
	switch {
	case g.host.loopback() && a.IsLoopback():
		return nil
	case g.host.loopback():
		return refuse("another machine", "a name of this machine must mean this machine: look at the hosts file and the resolver")
	case metadata(a):
		return refuse("where clouds keep credentials", "nothing allows it: look at the name's DNS records")
	case a.IsLoopback() || a.IsUnspecified():
		return refuse("this machine", "give the target as http://127.0.0.1:port, or look at the name's DNS records")
	case a.IsMulticast() || a.Zone() != "":
		return refuse("no host's own", "look at the name's DNS records")
	case inside(a) && !g.declared(a):
		return refuse("inside a private network", "if the staging system is there, say so: .AllowHost(\""+a.String()+"\") or its network beside the name")
	}
	return nil
}

func (g *Guard) addressesAllowed() string {
	if g.host.loopback() {
		return "loopback addresses"
	}
	return "public addresses and those on the allow-list"
}

// declared tells whether the allow-list has the address.
func (g *Guard) declared(a netip.Addr) bool {
	for _, e := range g.entries {
		if e.holds(a) {
			return true
		}
	}
	return false
}

// inner are the networks that are not the public internet, beside those that
// netip knows: shared (RFC 6598), this network, protocol assignments, tests,
// benchmarks and reserved (RFC 6890), NAT64 and 6to4, which wrap IPv4.
var inner = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("64:ff9b::/96"), netip.MustParsePrefix("64:ff9b:1::/48"), netip.MustParsePrefix("2002::/16"), netip.MustParsePrefix("2001::/32"), netip.MustParsePrefix("fec0::/10"),
}

// inside tells whether an address is not on the public internet.
func inside(a netip.Addr) bool {
	if a.IsPrivate() || a.IsLinkLocalUnicast() {
		return true
	}
	for _, p := range inner {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// metadata tells whether clouds serve a machine's credentials there.
func metadata(a netip.Addr) bool {
	switch a.String() {
	case "169.254.169.254", "169.254.170.2", "169.254.170.23", "100.100.100.200", "fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254":
		return true
	}
	return false
}
