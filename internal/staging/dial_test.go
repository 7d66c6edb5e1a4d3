package staging

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// world is a resolver and a network that remember.
type world struct {
	mu      sync.Mutex
	answers [][]netip.Addr // one look-up after the other; the last one stays
	lookups int
	dialled []string
	refuse  map[string]bool
}

func (w *world) guard(t *testing.T, base string, hosts ...string) *Guard {
	t.Helper()
	g, err := New(base, Rules{Environments: []string{"staging"}, Hosts: hosts})
	require.NoError(t, err)
	g.Resolve = func(context.Context, string) ([]netip.Addr, error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		answer := w.answers[min(w.lookups, len(w.answers)-1)]
		w.lookups++
		if answer == nil {
			return nil, errors.New("no such host")
		}
		return answer, nil
	}
	g.Dial = func(_ context.Context, _, address string) (net.Conn, error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.dialled = append(w.dialled, address)
		if w.refuse[address] {
			return nil, errors.New("connection refused")
		}
		client, server := net.Pipe()
		_ = server.Close()
		return client, nil
	}
	return g
}

func addresses(texts ...string) []netip.Addr {
	var all []netip.Addr
	for _, text := range texts {
		all = append(all, netip.MustParseAddr(text))
	}
	return all
}

func dial(g *Guard, address string) error {
	conn, err := g.DialContext(context.Background(), "tcp", address)
	if err == nil {
		_ = conn.Close()
	}
	return err
}

func TestNameIsLookedUpOnceAndItsAddressesKept(t *testing.T) {
	t.Parallel()
	w := &world{answers: [][]netip.Addr{addresses("203.0.113.7", "2001:db8::7"), addresses("203.0.113.9")}, refuse: map[string]bool{"203.0.113.7:443": true}}
	g := w.guard(t, "https://staging.example.com", "staging.example.com")
	for range 3 {
		require.NoError(t, dial(g, "staging.example.com:443"))
	}
	require.Equal(t, 1, w.lookups)
	require.Equal(t, []string{
		"203.0.113.7:443", "[2001:db8::7]:443", "203.0.113.7:443", "[2001:db8::7]:443", "203.0.113.7:443", "[2001:db8::7]:443",
	}, w.dialled)
	require.Equal(t, addresses("203.0.113.7", "2001:db8::7"), g.Addresses())
}

func TestAnswerThatIsRefusedIsNeverDialled(t *testing.T) {
	t.Parallel()
	w := &world{answers: [][]netip.Addr{nil, addresses("203.0.113.7", "10.0.0.7"), addresses("203.0.113.7")}}
	g := w.guard(t, "https://staging.example.com", "staging.example.com")
	require.ErrorContains(t, dial(g, "staging.example.com:443"), "no such host")
	require.ErrorContains(t, dial(g, "staging.example.com:443"), "inside a private network")
	require.Empty(t, w.dialled)
	require.NoError(t, dial(g, "staging.example.com:443"))
}

func TestPrivateAddressesThatAreDeclaredAreDialled(t *testing.T) {
	t.Parallel()
	w := &world{answers: [][]netip.Addr{addresses("10.2.0.7")}}
	g := w.guard(t, "http://app.internal", "http://app.internal", "10.2.0.0/16")
	require.NoError(t, dial(g, "app.internal:80"))
	require.Equal(t, []string{"10.2.0.7:80"}, w.dialled)
}

func TestNothingButTheTargetIsDialled(t *testing.T) {
	t.Parallel()
	w := &world{answers: [][]netip.Addr{addresses("127.0.0.1")}}
	g := w.guard(t, "http://localhost:8080")
	for _, address := range []string{"localhost:8081", "127.0.0.1:8080", "evil.example:8080", "nonsense"} {
		var refusal *Refusal
		require.ErrorAs(t, dial(g, address), &refusal, address)
	}
	require.NoError(t, dial(g, "localhost:8080"))
	require.Equal(t, []string{"127.0.0.1:8080"}, w.dialled)
}
