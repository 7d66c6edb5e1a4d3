package sqldb

import (
	"context"
	"database/sql/driver"
	"io"
	"strings"
	"sync"

	"github.com/bookiji/simcity/simcity"
)

// Seams puts seams before the statements of a host that uses database/sql. The
// zero value is right for a Virtual clock.
type Seams struct {
	// InTransactions puts seams before statements inside of transactions too, and
	// before commit. Use it with the Stepped clock alone: an actor that is parked
	// there keeps its row locks, and another one that waits for them does so in a
	// socket read, which stops simulated time for ever.
	//
	// Without it no seam is passed as long as any connection of the pool has a
	// transaction open, so nobody is ever parked who holds a lock in the database.
	InTransactions bool
}

// Connector puts the seams around a connector, for [database/sql.OpenDB].
func (s Seams) Connector(inner driver.Connector) driver.Connector {
	g := &gate{inTransactions: s.InTransactions}
	c := &connector{inner: inner, gate: g, of: &wrapper{inner: inner.Driver(), seams: s}}
	if closer, ok := inner.(io.Closer); ok {
		return &closingConnector{c, closer}
	}
	return c
}

// Driver puts the seams around a driver, for [database/sql.Register] under a
// name of its own:
//
//	sql.Register("pgx-simcity", sqldb.Seams{}.Driver(stdlib.GetDefaultDriver()))
func (s Seams) Driver(inner driver.Driver) driver.Driver {
	return &wrapper{inner: inner, seams: s}
}

// wrapper is a driver whose connections have seams.
type wrapper struct {
	inner driver.Driver
	seams Seams
}

func (w *wrapper) Open(name string) (driver.Conn, error) {
	c, err := w.OpenConnector(name)
	if err != nil {
		return nil, err
	}
	return c.Connect(context.Background())
}

func (w *wrapper) OpenConnector(name string) (driver.Connector, error) {
	if opener, ok := w.inner.(driver.DriverContext); ok {
		inner, err := opener.OpenConnector(name)
		if err != nil {
			return nil, err
		}
		return w.seams.Connector(inner), nil
	}
	return w.seams.Connector(named{w.inner, name}), nil
}

// named is the connector of a driver that has none.
type named struct {
	driver driver.Driver
	name   string
}

func (n named) Connect(context.Context) (driver.Conn, error) { return n.driver.Open(n.name) }
func (n named) Driver() driver.Driver                        { return n.driver }

// connector makes connections with seams.
type connector struct {
	inner driver.Connector
	gate  *gate
	of    driver.Driver
}

func (c *connector) Driver() driver.Driver { return c.of }

func (c *connector) Connect(ctx context.Context) (driver.Conn, error) {
	if err := c.gate.yield(ctx, "connect"); err != nil {
		return nil, err
	}
	inner, err := c.inner.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &conn{inner: inner, gate: c.gate}, nil
}

// closingConnector is one that the database closes at its end.
type closingConnector struct {
	*connector
	closer io.Closer
}

func (c *closingConnector) Close() error { return c.closer.Close() }

// gate is where all connections of one connector pass.
type gate struct {
	inTransactions bool

	mu   sync.Mutex
	open int // transactions
}

// yield passes the seam, unless a transaction is open that somebody parked might
// make wait.
func (g *gate) yield(ctx context.Context, verb string) error {
	if verb == "" || !g.inTransactions && g.transactionOpen() {
		return nil
	}
	return simcity.Yield(ctx, "sql "+verb)
}

func (g *gate) transactionOpen() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.open > 0
}

func (g *gate) add(n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.open += n
}

// verb is the first word of a statement in lower case, such as "select", and
// empty for a statement that is nothing but comments.
func verb(query string) string {
	first, _ := words(query)
	return first
}

// words returns the first word of a statement in lower case, and what follows.
func words(query string) (first, rest string) {
	for {
		query = strings.TrimLeft(query, " \t\r\n(;")
		switch {
		case strings.HasPrefix(query, "--"):
			_, query, _ = strings.Cut(query, "\n")
		case strings.HasPrefix(query, "/*"):
			_, query, _ = strings.Cut(query, "*/")
		default:
			end := strings.IndexFunc(query, func(r rune) bool { return !isWord(r) })
			if end < 0 {
				end = len(query)
			}
			return strings.ToLower(query[:min(end, verbMax)]), query[end:]
		}
	}
}

// verbMax is the length of a seam's name that reports can still show.
const verbMax = 40

func isWord(r rune) bool {
	return r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
}
