// Package staging is the guard between synthetic citizens and real systems: it
// decides whether a target may be touched at all, and sees to it that the
// address that is dialled is the one that was checked.
//
// It fails closed. A target needs a base URL in one plain spelling, a host that
// is loopback or on the allow-list, an address of a kind that such a host may
// have, and an identity: what it says of itself before anything else, secrets
// included, is sent to it.
//
//	rules := staging.Rules{Environments: []string{"staging"}, Hosts: []string{"staging.example.com"}}
//	guard, err := staging.New("https://staging.example.com", rules)
//	transport := &http.Transport{DialContext: guard.DialContext}
//	identity, err := guard.Identify(ctx, transport, header)
//
// # What is checked when
//
// New looks at the spelling and the allow-list, without the network. DialContext
// resolves the host once, refuses the whole answer if one address of it is not
// allowed, and dials nothing but those addresses for as long as the guard lives:
// a name that is pointed elsewhere meanwhile (DNS rebinding, a switch from blue to
// green) is not followed. Allowed refuses redirects that leave scheme, host or
// port. Identify asks the target who it is.
//
// # Limits
//
// Behind a proxy the address is the proxy's to choose and nobody here can check
// it. An allow-list of suffixes trusts whoever may create names below them.
package staging
