package postgres_test

import (
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// proxy stands between a store and its server, to cut and to hold back.
type proxy struct {
	listener net.Listener
	socket   string // the server's

	mu    sync.Mutex
	ways  map[net.Conn]bool
	gate  chan struct{} // closed while bytes pass
	going sync.WaitGroup
}

// newProxy returns a proxy before a database, and the address through it.
func newProxy(t *testing.T, address string) (*proxy, string) {
	t.Helper()
	config, err := pgx.ParseConfig(address)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(config.Host, "/"), "the server is our own")
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &proxy{listener: listener, socket: config.Host + "/.s.PGSQL.5432", ways: map[net.Conn]bool{}, gate: make(chan struct{})}
	close(p.gate)
	p.going.Go(p.accept)
	t.Cleanup(func() {
		require.NoError(t, listener.Close())
		p.release()
		p.cut()
		p.going.Wait()
	})
	return p, "postgres://" + config.User + "@" + listener.Addr().String() + "/" + config.Database + "?sslmode=disable"
}

func (p *proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("unix", p.socket)
		if err != nil {
			_ = client.Close()
			continue
		}
		p.mu.Lock()
		p.ways[client], p.ways[server] = true, true
		p.mu.Unlock()
		p.going.Go(func() { p.pass(client, server) })
		p.going.Go(func() { p.pass(server, client) })
	}
}

// pass copies small pieces, so that a cut comes in the middle of a message.
func (p *proxy) pass(to, from net.Conn) {
	defer to.Close()
	defer from.Close()
	for piece := make([]byte, 1000); ; {
		n, err := from.Read(piece)
		p.mu.Lock()
		gate := p.gate
		p.mu.Unlock()
		<-gate
		if _, failed := to.Write(piece[:n]); err != nil || failed != nil {
			return
		}
	}
}

// cut ends all connections at once.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for way := range p.ways {
		_ = way.Close()
		delete(p.ways, way)
	}
}

// hold lets nothing pass until release.
func (p *proxy) hold() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.gate = make(chan struct{})
}

func (p *proxy) release() {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.gate:
	default:
		close(p.gate)
	}
}
