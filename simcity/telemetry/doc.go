// Package telemetry keeps the history of runs: every event once and in order, with
// its chain of digests, the metrics along the way, and how the run ended. A run
// with telemetry has the same digest as one without.
//
// Use it to study a run afterwards, to watch it from elsewhere while it goes on,
// or to compare it with those before. In a test, without code:
//
//	SIMCITY_TELEMETRY=sqlite:simcity.db go test ./... -run SimCity
//
// with the store linked into the test:
//
//	import _ "github.com/bookiji/simcity/simcity/telemetry/sqlite"
//
// or with code:
//
//	store, err := sqlite.OpenOrCreate("simcity.db")
//	...
//	simcity.New(scenarios.Baseline()).
//		Target(simcity.InProcess(newApp)).
//		Report(telemetry.NewReporter(store, telemetry.Options{})).
//		Run(t)
//
// # Stores
//
// A [Sink] takes histories, a [Store] can be read as well. [Memory] is one that
// ends with the process; package sqlite keeps a file. Powers beyond that are small
// interfaces to be found by assertion: [Migrator], [Requests], [Closer], [Volatile].
// All stores pass the tests of package telemetrytest, which is where to start a new
// one; [Register] makes it known to SIMCITY_TELEMETRY.
//
// # Delivery
//
// A [Reporter] has one goroutine per run that calls the store, outside of the run's
// bubble. [Options] has the limits; with their defaults:
//
//   - The run hands rows to a queue of 8192 events or 64 MiB. When it is full and
//     the store is merely slow, the run waits: simulated time stands still.
//   - Batches hold up to 1000 rows or 4 MiB, and no row waits longer than 100 ms.
//   - Errors that are [Transient] are tried again, with a backoff from 50 ms to 5 s
//     that doubles. Every call is idempotent, so an answer that was lost changes
//     nothing. One that took a second or more halves the next batch, down to one row,
//     and each success adds an eighth again: a store that cannot manage a full batch
//     within its statement timeout gets less at a time.
//   - When the store is down and the queue is full, rows go to a spill file and the
//     run goes on. They are delivered from there, in order, when it is back. The
//     file takes up to 1 GiB; then the run waits.
//   - The end of a run waits up to 30 s for its last rows. What is not delivered
//     then stays in the spill file, and the run is INCONCLUSIVE with an
//     [IncompleteError] that names the events and the file. [ReplaySpill] delivers it.
//   - When neither the store nor the file takes rows, the run is held for 5 s. After
//     that events are lost, and the error says which: never in silence.
//   - A live row beats once a second.
//
// # The journal
//
// Unless the store is volatile, every row is in the spill file or in its tail before
// Record returns, from the run's beginning on: [JournalAlways]. The tail is a file
// beside it, named *.tail, of 64 KiB that are mapped into memory, so that a row costs
// no system call; when it is full it is written to the spill file. (Where files cannot
// be mapped, on Windows, there is none, and each row is written at once.) Nothing is
// synced: rows survive kill -9 of the process, since the system has them, but not a
// power cut. Both files are removed when everything is delivered, and the first is made
// anew with what the queue holds when it becomes long. When a process was killed,
// [Spills] finds its file, and ReplaySpill makes the history whole up to the last event
// that was recorded and ends the run as INCONCLUSIVE. Leave the two files together.
//
// A journal that cannot be written in the middle of a run, on a disk that is full, does
// not disturb it: it is made again after the next delivery. Until then a process that
// is killed loses its queue.
//
// # Full disks
//
// A full disk is an outage like others, and what happens depends on what lies on it:
//
//   - The store's disk: rows go to the spill file, and to the store when there is room.
//   - The spill file's: a run that begins is refused, since it could have no journal.
//     One that goes on is not disturbed while the store takes its rows.
//   - Both, or a spill file at its limit in an outage: the run is held for StallMax. If
//     there is room by then nothing is lost. If not, the run is INCONCLUSIVE, and its
//     error counts what is lost and names the file that has the rest.
//
// # What a history holds
//
// Payloads that a database could not hold are kept in the form that [Safe]
// describes. Times are in UTC, to the microsecond. Event.At is simulated time,
// Event.ObservedAt real time to about a tenth of a second. [Verify] tells whether a
// history is whole.
//
// # Limits
//
// Index and chain are verified, not the digests of single events: those stand for
// payloads in their original form. Spill files are locked against replay while
// their run goes on, but on Unix alone. A row that a store refuses for good stops the
// delivery; the rows after it wait in the file.
package telemetry
