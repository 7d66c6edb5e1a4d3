package staging

import (
	"net/netip"
	"os"
	"strings"
)

// An entry of the allow-list is one of
//
//	staging.example.com          exactly this host, over HTTPS
//	*.staging.example.com        every host below it, itself not
//	http://app.staging.internal  exactly this host, over plain HTTP as well
//	10.2.0.7, 10.2.0.0/16        addresses, which allowed hosts may have
//
// Loopback needs no entry.
type entry struct {
	text   string
	name   string // exact, or the suffix with its dot
	suffix bool
	plain  bool // without TLS
	prefix netip.Prefix
}

// parseEntry reads one entry of the allow-list.
func parseEntry(text string) (e entry, why string) {
	e = entry{text: text}
	rest := text
	switch scheme, after, found := strings.Cut(text, "://"); {
	case found && scheme == "http":
		e.plain, rest = true, after
	case found && scheme == "https":
		rest = after
	case found:
		return e, "its scheme is neither http nor https"
	}
	if prefix, err := netip.ParsePrefix(rest); err == nil {
		return e.ofPrefix(prefix)
	}
	if below, ok := strings.CutPrefix(rest, "*."); ok {
		e.suffix, rest = true, below
	}
	h, why := parseHost(strings.Trim(rest, "[]"))
	switch {
	case strings.Contains(rest, "*"):
		return e, "a * stands for whole labels at the beginning only"
	case strings.ContainsAny(rest, "/:@") && !h.address.IsValid():
		return e, "it is a host without port and path"
	case why != "":
		return e, why
	case e.suffix && h.address.IsValid():
		return e, "addresses have no *"
	case e.suffix && !strings.Contains(rest, "."):
		return e, "a suffix of one label would allow half of the world"
	case h.address.IsValid():
		return e.ofPrefix(netip.PrefixFrom(h.address, h.address.BitLen()))
	}
	e.name = h.name
	if e.suffix {
		e.name = "." + e.name
	}
	return e, ""
}

func (e entry) ofPrefix(prefix netip.Prefix) (entry, string) {
	widest := 8
	if prefix.Addr().Is6() {
		widest = 32
	}
	switch {
	case prefix.Addr().Is4In6():
		return e, "it is an IPv4 network in IPv6 clothes"
	case prefix.Masked() != prefix:
		return e, "its address is not the network's first, " + prefix.Masked().String()
	case prefix.Bits() < widest:
		return e, "the network is wider than a staging system can be"
	}
	e.prefix = prefix
	return e, ""
}

// names tells whether the entry allows a host by its name. A name in another
// alphabet is never allowed by a suffix: it must be listed itself.
func (e entry) names(h host) bool {
	switch {
	case e.name == "" || h.name == "":
		return false
	case e.suffix:
		return strings.HasSuffix(h.name, e.name) && !punycode(strings.TrimSuffix(h.name, e.name))
	}
	return h.name == e.name
}

// holds tells whether the entry allows an address.
func (e entry) holds(a netip.Addr) bool { return e.prefix.IsValid() && e.prefix.Contains(a) }

// Rules say which targets may be touched.
type Rules struct {
	// Environments are the names that a target may give itself, such as "staging".
	Environments []string
	// Hosts are the entries of the allow-list.
	Hosts []string
}

// Variables of the environment that hold rules, each a list with commas.
const (
	EnvEnvironments = "SIMCITY_ALLOWED_ENVS"
	EnvHosts        = "SIMCITY_ALLOWED_HOSTS"
)

// FromEnvironment reads the rules of this machine. They are not checked yet.
func FromEnvironment() Rules {
	rules := Rules{Environments: []string{"test", "staging", "recovery", "local"}}
	if list := os.Getenv(EnvEnvironments); list != "" {
		rules.Environments = listed(list)
	}
	rules.Hosts = listed(os.Getenv(EnvHosts))
	return rules
}

// listed are the words of a list with commas.
func listed(list string) []string {
	var words []string
	for word := range strings.SplitSeq(list, ",") {
		if word = strings.TrimSpace(word); word != "" {
			words = append(words, word)
		}
	}
	return words
}

// Check reports the first mistake in the rules, as a *[Refusal].
func (r Rules) Check() error {
	_, err := r.parse()
	return err
}

// parse reads the rules.
func (r Rules) parse() ([]entry, error) {
	for _, name := range r.Environments {
		if err := CheckEnvironment(name); err != nil {
			return nil, err
		}
	}
	entries := make([]entry, 0, len(r.Hosts))
	for _, text := range r.Hosts {
		e, why := parseEntry(text)
		if why != "" {
			return nil, &Refusal{
				Field: "allowed host", Value: excerpt(text) + ": " + why,
				Allowed: "host.example.com, *.staging.example.com, http://host.internal, 10.2.0.7, 10.2.0.0/16",
				Fix:     "name the staging system as narrowly as you can",
			}
		}
		entries = append(entries, e)
	}
	return entries, nil
}

// CheckEnvironment refuses a name that no allow-list may have.
func CheckEnvironment(name string) error {
	word := strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-_") == ""
	switch {
	case name == "" || !word || len(name) > 40:
		return &Refusal{Field: "allowed environment", Value: excerpt(name), Allowed: "a word in lower case, such as staging", Fix: "give the name that GET /api/test/login answers"}
	case isProduction(name):
		return &Refusal{Field: "allowed environment", Value: excerpt(name), Allowed: "any environment that is not production", Fix: "run against a staging copy: nothing makes production a target"}
	}
	return nil
}

// isProduction tells whether a name means production, such as prod or eu-prod.
// pre-prod and non-prod do not.
func isProduction(name string) bool {
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return r == '-' || r == '_' || r == '.' || r == ' ' })
	for i, word := range words {
		switch word {
		case "production", "prod", "prd":
			return i == 0 || words[i-1] != "pre" && words[i-1] != "non"
		case "live":
			return len(words) == 1
		}
	}
	return false
}
