// Package sqldb puts seams before the statements of hosts that use database/sql,
// whatever their driver: places where a simulation lets other citizens go first,
// which is how races between two statements are found, and where faults delay a
// statement or fail it. Hosts that use pgx itself take package chaos/postgres.
//
//	connector, err := pq.NewConnector(dsn)
//	...
//	db := sql.OpenDB(sqldb.Seams{}.Connector(connector))
//
// or, where a driver is only known by its name,
//
//	sql.Register("pgx-simcity", sqldb.Seams{}.Driver(stdlib.GetDefaultDriver()))
//	db, err := sql.Open("pgx-simcity", dsn)
//
// Open the database inside the factory of [simcity.InProcess], and close it by
// World.OnClose. A statement needs the context of its request (ExecContext, not
// Exec): it carries the citizen for whom the statement runs, and without one the
// seam lets through.
//
// # Seams
//
// They are named "sql " and the statement's first word: "sql select", "sql
// insert", "sql begin"; a new connection passes "sql connect". A fault that fails
// one gives its error to the host as it is: what a driver would have returned.
// Nothing was sent to the server then.
//
// By default there is no seam while a transaction is open on any connection of
// the database, so nobody is parked with locks that others wait for in a socket
// read, which would stop a Virtual clock. [Seams.InTransactions] has them there
// too, for the Stepped clock.
//
// # Time
//
// SetConnMaxLifetime and SetConnMaxIdleTime count simulated time under a Virtual
// clock: a few idle hours pass in a blink, and then each request connects anew.
// Leave them unset in tests.
//
// # Limits
//
// The driver's own connection, for callers of Conn.Raw, is behind an Unwrap()
// driver.Conn method. Transactions that are begun inside of a procedure, or
// behind other words than begin and start, are not seen.
package sqldb
