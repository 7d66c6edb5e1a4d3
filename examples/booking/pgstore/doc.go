// Package pgstore keeps the marketplace of package booking in PostgreSQL, in the
// way of an app on Supabase: constraints and row-level policies in the database,
// connections from a pool of pgx. Use it to run the reference app, and SimCity's
// tests of it, on a real database. Version 15 or later with btree_gist is needed.
//
//	pool, err := pgxpool.New(ctx, os.Getenv("DATABASE_URL"))
//	if err != nil {
//		return err
//	}
//	defer pool.Close()
//	if err := pgstore.Migrate(ctx, pool); err != nil {
//		return err
//	}
//	store, err := pgstore.Open(ctx, pgstore.Config{Pool: pool})
//	if err != nil {
//		return err
//	}
//	app, err := booking.New(booking.Config{Store: store})
//
// The pool is the caller's, who gives it tracers and limits and closes it after
// the app. A transaction takes one connection, so that any size will do.
//
// # Transactions
//
// Update is SERIALIZABLE and tried again, up to 20 times with a pause that
// grows, when the database says that it did not run alone: so what is given to
// it may run more than once. View reads one snapshot. Both begin, take their
// role and say for whom they run in one round trip, and end in another.
//
// The database refuses two live bookings in one exclusive slot, and one too many
// in a class, even if the app does not look first: Update then returns
// [booking.ErrTaken]. Planted bugs of the app that sell a slot twice therefore
// turn into refusals over this store. A hold that has lapsed is in nobody's
// way: it is ended by whoever takes its slot.
//
// Times are kept to the microsecond, cut off but for the end of a hold, which is
// rounded up: nobody loses a slot before the time that was promised. Sequences do not go back when an Update
// fails, so there are gaps between ids.
//
// # Policies
//
// A transaction for an [booking.Identity] runs as the role authenticated with
// the claims {"sub", "app_metadata": {"role", "vendor"}} in
// request.jwt.claims, as Supabase would send it; any other as service_role,
// which passes policies by. The policies show bookings, messages and ledger
// entries to their customer and to their vendor. [Store.GuardPolicies] compares
// policies, row security, grants and the functions they use with what Migrate
// made and puts back what differs.
//
// # Roles
//
// anon, authenticated and service_role, the last with BYPASSRLS, must exist. The
// pool's user must be a member of both that are used here, own the tables
// (which Migrate's user does) and have BYPASSRLS itself, as Supabase's postgres
// has. Migrate, RefreshListings and GuardPolicies run as that user.
//
// # Simulated time
//
// The store takes its time from [time.Now] and from what it is given; the
// database's own clock fills only columns that a foreign writer left out. In a
// bubble of testing/synctest make the pool inside, and keep its own timers from
// firing as simulated days pass: MaxConnLifetime, MaxConnIdleTime and
// HealthCheckPeriod longer than the run, and a ShouldPing that says no. A
// statement that waits for a lock stops simulated time, so where transactions
// are interleaved give [Config].LockTimeout a few milliseconds.
//
// # Planted bugs
//
// [Config].Bugs switches faults on, each with a symptom of its own. [Bugs]
// lists them and [Bug.Text] says what each does.
//
//	no_exclusion       updates are READ COMMITTED and nothing in the database keeps exclusive bookings apart
//	lost_update        the uses of a promo code are read in the transaction and written back, one more, after it
//	second_connection  reading a party's entries takes a second connection while the transaction keeps the first
//	missing_rls        bookings have no row-level security and the guard does not know that they should
//	refresh_dies       from the third refresh on the listings stay as they are and no error is reported
//	guard_sleeps       the guard finds nothing, whatever there is
package pgstore
