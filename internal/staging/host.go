package staging

import (
	"net/netip"
	"strings"
)

// A host is the host of a URL, understood: a name or an address, never both.
type host struct {
	name    string // in lower case; empty if it is an address
	address netip.Addr
}

func (h host) String() string {
	if h.name != "" {
		return h.name
	}
	return h.address.String()
}

// loopback tells whether the host says that it is this machine.
func (h host) loopback() bool { return h.name == "localhost" || h.address.IsLoopback() }

// parseHost takes a host in its one plain spelling. Others reach the same
// machine, or look as if they did, and would have to be understood here exactly
// as every resolver understands them: they are refused instead. why is empty
// for a host that is fine.
func parseHost(text string) (h host, why string) {
	switch {
	case text == "":
		return h, "it has no host"
	case strings.Contains(text, "%"):
		return h, "it has a zone or an escape in its host"
	case strings.ContainsFunc(text, func(r rune) bool { return r > '~' }):
		return h, "its host has letters other than ASCII, which may look like others"
	case text != strings.ToLower(text):
		return h, "its host is not in lower case"
	case strings.HasSuffix(text, "."):
		return h, "its host ends in a dot"
	}
	if address, err := netip.ParseAddr(text); err == nil {
		return addressHost(text, address)
	}
	labels := strings.Split(text, ".")
	if last := labels[len(labels)-1]; numeric(last) {
		return h, "its host is a number that some resolvers take for an address"
	}
	for _, label := range labels {
		if why := wrongLabel(label); why != "" {
			return h, why
		}
	}
	if len(text) > 253 {
		return h, "its host is longer than 253 letters"
	}
	return host{name: text}, ""
}

func addressHost(text string, address netip.Addr) (host, string) {
	switch {
	case address.Is4In6():
		return host{}, "its host is an IPv4 address in IPv6 clothes"
	case address.String() != text:
		return host{}, "its host is an address in an unusual spelling"
	}
	return host{address: address}, ""
}

// numeric tells whether a last label makes resolvers parse the host as an IPv4
// address: decimal, octal or hexadecimal.
func numeric(label string) bool {
	if rest, ok := strings.CutPrefix(label, "0x"); ok {
		return strings.Trim(rest, "0123456789abcdef") == ""
	}
	return label != "" && strings.Trim(label, "0123456789") == ""
}

func wrongLabel(label string) string {
	switch {
	case label == "":
		return "its host has an empty label"
	case len(label) > 63:
		return "its host has a label longer than 63 letters"
	case strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "":
		return "its host has letters that no host name has"
	}
	return ""
}

// punycode tells whether a name has a label in another alphabet.
func punycode(name string) bool {
	for label := range strings.SplitSeq(name, ".") {
		if strings.HasPrefix(label, "xn--") {
			return true
		}
	}
	return false
}
