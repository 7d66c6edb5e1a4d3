package pgtest

import (
	"context"
	_ "embed" // what a Supabase project begins with
	"sync"

	"github.com/jackc/pgx/v5"
)

//go:embed supabase.sql
var supabaseSQL string

// granting keeps the tests of this process from changing the server's roles at
// the same time, which Postgres answers with "tuple concurrently updated".
var granting sync.Mutex

// Supabase is a [Setup] that gives a database what policies of a Supabase
// project rely on: the roles anon, authenticated, service_role (which row-level
// security lets through) and authenticator (which becomes one of them by SET
// ROLE), and auth.jwt(), auth.uid(), auth.role() and auth.email(), which read
// the setting request.jwt.claims. Tables are granted to nobody, as in new
// projects.
//
// A request of PostgREST is then, in one transaction:
//
//	select set_config('role', 'authenticated', true), set_config('request.jwt.claims', '{"sub":"..."}', true)
func Supabase(ctx context.Context, conn *pgx.Conn) error {
	granting.Lock()
	defer granting.Unlock()
	_, err := conn.Exec(ctx, supabaseSQL)
	return err
}
