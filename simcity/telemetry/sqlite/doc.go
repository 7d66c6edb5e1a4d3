// Package sqlite keeps the history of runs in one SQLite file, with no server: the
// embedded default that keeps history. It is modernc.org/sqlite, pure Go.
//
// Without code, once the package is linked into a test:
//
//	import _ "github.com/bookiji/simcity/simcity/telemetry/sqlite"
//
//	SIMCITY_TELEMETRY=sqlite:simcity.db go test ./... -run SimCity
//
// A relative path is below the module's root, so that the packages of a module share
// one file. A file opened in this way is made and migrated by itself, since nobody else owns it; in code,
// [OpenOrCreate] does the same and [Open] leaves the schema alone.
//
// # The file
//
// Tables and columns are those of the contract: simcity_runs, simcity_run_events,
// simcity_run_snapshots, simcity_run_live, simcity_run_requests; any tool that reads
// SQLite reads them. JSON is text, times are text in UTC, seeds are signed numbers
// of the same 64 bits. simcity_schema_version has a row for each migration.
//
// It is in WAL mode, so that reading goes on while a run is written, by several
// processes too. Of those that write, one at a time does; another one waits for
// three seconds and then tries again. Beside the file lie two more, -wal and -shm,
// while it is open: take all three when you copy it, or close it before.
//
// # Limits
//
// A commit survives the death of the process; a power cut may take the last ones,
// but leaves the file whole (synchronous is NORMAL). The file must lie on a local
// disk: WAL does not work over network file systems. Purge makes room inside the
// file and does not make it smaller.
package sqlite
