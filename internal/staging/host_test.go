package staging

import (
	"net/netip"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestHostsHaveOneSpelling(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"localhost", "staging.example.com", "a-b_c.example", "xn--bcher-kva.example", "127.0.0.1", "10.2.0.7", "::1", "2001:db8::7", "7up.example", "0xfeed.example",
	} {
		h, why := parseHost(text)
		require.Empty(t, why, text)
		require.Equal(t, text, h.String())
	}
	for _, text := range []string{
		"", ".", "a..b", ".a", "a.", "A.example", "a b", "a/b", "a@b", "a:b", "a\\b", "a%b", "é.example", "ℯxample.com", "127.1", "127.0.0.01", "0x7f000001", "2130706433", "1.2.3.4.5",
		"256.1.1.1", "::ffff:1.2.3.4", "0::1", "::1%eth0", "FE80::1", "a.0x1",
		"abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcd.example",
	} {
		_, why := parseHost(text)
		require.NotEmpty(t, why, "%q", text)
	}
}

func TestNamesThatMeanProduction(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"production": true, "Production": true, " prod ": true, "prod-eu": true, "eu_prod": true, "live": true, "eu-production-2": true,
		"pre-prod": false, "non_prod": false, "preprod": false, "staging": false, "product": false, "live-demo": false, "": false,
	} {
		require.Equal(t, want, isProduction(name), "%q", name)
	}
}

func TestAllowListMeansWhatItSays(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		entry, base string
		allowed     bool
	}{
		{"staging.example.com", "https://staging.example.com", true},
		{"https://staging.example.com", "https://staging.example.com:8443/app", true},
		{"*.example.com", "https://a.b.example.com", true},
		{"*.example.com", "https://example.com", false},
		{"xn--bcher-kva.example", "https://xn--bcher-kva.example", true},
		{"http://app.internal", "http://app.internal:8080", true},
		{"app.internal", "http://app.internal:8080", false},
		{"http://10.2.0.7", "http://10.2.0.7:8080", true},
		{"10.2.0.0/16", "https://10.2.200.7", true},
		{"10.2.0.0/16", "https://10.3.0.1", false},
		{"2001:db8:7::/48", "https://[2001:db8:7::1]", true},
		{"10.2.0.1/16", "https://10.2.0.1", false}, // an entry that is refused
		{"ftp://staging.example.com", "https://staging.example.com", false},
	} {
		_, err := New(test.base, Rules{Hosts: []string{test.entry}})
		require.Equal(t, test.allowed, err == nil, "%s allows %s: %v", test.entry, test.base, err)
	}
}

// Whatever a guard lets pass without an allow-list is this machine, for the
// standard library as well.
func FuzzOnlyLoopbackNeedsNoEntry(f *testing.F) {
	for _, seed := range []string{"http://127.0.0.1", "http://[::1]:80/x", "https://localhost", "http://127.1", "http://localhost.evil", "http://evil@localhost", "http://[::ffff:127.0.0.1]", "http://127.0.0.1%2eevil"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, base string) {
		guard, err := New(base, Rules{})
		if err != nil {
			return
		}
		u, err := url.Parse(base)
		require.NoError(t, err)
		if u.Hostname() != "localhost" {
			require.True(t, netip.MustParseAddr(u.Hostname()).IsLoopback())
		}
		require.True(t, guard.Loopback())
		require.NoError(t, guard.Allowed(u))
	})
}
