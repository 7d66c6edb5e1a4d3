package pgtest

import (
	"cmp"
	"context"
	"fmt"
	"hash/maphash"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
)

// Setup fills a fresh database, as its superuser: migrations, roles, rows.
type Setup func(ctx context.Context, conn *pgx.Conn) error

// Database returns the address of a new database, which the setups filled in
// turn and which is dropped when t ends, whoever is still connected. Without
// Postgres it skips t; see the package's settings.
func Database(t testing.TB, setups ...Setup) string {
	t.Helper()
	return create(t, "", setups)
}

// A Template sets a schema up once per process, however many tests copy it. Use
// it as a package variable.
type Template struct {
	Setup []Setup // fill the database that is copied

	once sync.Once
	name string
	err  error
}

// Database is [Database] for a copy of the template, to which the setups add.
func (tp *Template) Database(t testing.TB, setups ...Setup) string {
	t.Helper()
	server := reach(t)
	tp.once.Do(func() { tp.name, tp.err = tp.build(server) })
	if tp.err != nil {
		t.Fatalf("pgtest: the template: %v", tp.err)
	}
	return create(t, tp.name, setups)
}

// build makes the database that is copied. It stays as long as the server; on
// one that was given from outside it is left behind under its name.
func (tp *Template) build(server string) (name string, err error) {
	ctx := context.Background()
	name = newName("template")
	if err := administer(ctx, server, "CREATE DATABASE "+name); err != nil {
		return "", err
	}
	return name, fill(ctx, in(server, name), tp.Setup)
}

// create makes a database as a copy of template, empty for the server's own.
func create(t testing.TB, template string, setups []Setup) string {
	t.Helper()
	server, name := reach(t), newName("test")
	statement := "CREATE DATABASE " + name
	if template != "" {
		statement += " TEMPLATE " + template
	}
	if err := administer(t.Context(), server, statement); err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	t.Cleanup(func() {
		if err := administer(context.Background(), server, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)"); err != nil {
			t.Errorf("pgtest: %v", err)
		}
	})
	address := in(server, name)
	if err := fill(t.Context(), address, setups); err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	return address
}

// process tells the names of this process from those of all others on a server
// that was given from outside. It must not come from crypto/rand, which a test
// may have seeded.
var process = new(maphash.Hash).Sum64()

var databases atomic.Int64

// newName is a database's name that needs no quoting.
func newName(kind string) string {
	return fmt.Sprintf("simcity_%s_%x_%d", kind, process, databases.Add(1))
}

// administer says one statement to the server, on a connection of its own.
func administer(ctx context.Context, server, statement string) error {
	return fill(ctx, server, []Setup{func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, statement)
		return err
	}})
}

// fill runs setups on one connection, which is closed before it returns: a
// database that somebody uses cannot be copied.
func fill(ctx context.Context, address string, setups []Setup) (err error) {
	if len(setups) == 0 {
		return nil
	}
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return err
	}
	defer func() { err = cmp.Or(err, conn.Close(context.WithoutCancel(ctx))) }()
	for i, setup := range setups {
		if err := setup(ctx, conn); err != nil {
			return fmt.Errorf("setup %d of %s: %w", i+1, conn.Config().Database, err)
		}
	}
	return nil
}

// in is the address of another database on the same server, for both forms that
// an address may have.
func in(server, database string) string {
	if parsed, err := url.Parse(server); err == nil && strings.HasPrefix(parsed.Scheme, "postgres") {
		parsed.Path = "/" + database
		return parsed.String()
	}
	return server + " dbname=" + database // the last one counts
}
