package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/bookiji/simcity/simcity/telemetry"
)

func init() {
	telemetry.Register("sqlite", func(path string) (telemetry.Store, error) { return OpenOrCreate(path) })
}

// A Store is one SQLite file. Create one with [Open] or [OpenOrCreate]. It is safe
// for concurrent use, by several processes too.
type Store struct {
	path string
	// SQLite lets one write at a time: the writer's one connection makes others of
	// this process wait in Go, where waiting can be cancelled.
	writer *sql.DB
	reader *sql.DB
}

var (
	_ telemetry.Store    = (*Store)(nil)
	_ telemetry.Migrator = (*Store)(nil)
	_ telemetry.Closer   = (*Store)(nil)
)

// busyMillis is how long a statement waits for another process. After that the
// error is transient, and the delivery tries again.
const busyMillis = 3000

// Open opens the file of a store, and makes an empty one if there is none. Its
// schema is left alone: call Migrate for a new file or one of an older version.
// Each method of a store whose schema does not fit returns a
// [telemetry.SchemaError].
func Open(path string) (*Store, error) {
	if err := check(path); err != nil {
		return nil, err
	}
	s := &Store{path: path}
	var err error
	// The driver sets the mode of the journal after the pragmas, as the page size needs it.
	if s.writer, err = connect(path, "_txlock=immediate&_pragma=page_size(16384)&_journal_mode=WAL&_pragma=wal_autocheckpoint(1000)&_pragma=synchronous(NORMAL)", 1); err != nil {
		return nil, s.explain(err)
	}
	if s.reader, err = connect(path, "_pragma=query_only(1)", 4); err != nil {
		return nil, s.explain(errors.Join(err, s.writer.Close()))
	}
	if err := s.writer.Ping(); err != nil {
		_ = s.Close()
		return nil, s.explain(err)
	}
	return s, nil
}

// OpenOrCreate is Open with Migrate: the embedded default, since nobody else owns
// the file. SIMCITY_TELEMETRY=sqlite:path uses it.
func OpenOrCreate(path string) (*Store, error) {
	s, err := Open(path)
	if err != nil {
		return nil, err
	}
	if err := s.Migrate(context.Background()); err != nil {
		_ = s.Close()
		return nil, err
	}
	return s, nil
}

// check finds what SQLite would report in fewer words.
func check(path string) error {
	refuse := func(what, fix string) error {
		return &telemetry.OptionError{Field: fmt.Sprintf("SQLite file %q", path), Fix: what + "; " + fix}
	}
	if path == "" || strings.HasPrefix(path, ":") {
		return refuse("is no path", "give one, such as sqlite:simcity.db, or use telemetry.NewMemory()")
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		if _, err := os.Stat(filepath.Dir(path)); err != nil {
			return refuse("has no folder", "make the folder "+filepath.Dir(path))
		}
	case err != nil:
		return refuse("cannot be seen: "+err.Error(), "give a path that can")
	case info.IsDir():
		return refuse("is a folder", "give the path of a file in it")
	case info.Mode().Perm()&0o222 == 0:
		return refuse("is read-only", "make it writable with chmod u+w, or give another path")
	}
	return nil
}

func connect(path, query string, connections int) (*sql.DB, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	name := url.URL{Scheme: "file", Path: filepath.ToSlash(absolute), RawQuery: fmt.Sprintf("_pragma=busy_timeout(%d)&%s", busyMillis, query)}
	db, err := sql.Open("sqlite", name.String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db, nil
}

// Close closes the file.
func (s *Store) Close() error { return errors.Join(s.reader.Close(), s.writer.Close()) }

func (s *Store) String() string { return fmt.Sprintf("SQLite file %q", s.path) }

// explain names the file, tells transient errors, and says what to do about the
// others.
func (s *Store) explain(err error) error {
	var broken *sqlite.Error
	if err == nil || !errors.As(err, &broken) {
		return err
	}
	failure := fmt.Errorf("telemetry: %s: %w", s, err)
	switch broken.Code() & 0xff { // the rest of the bits say more of the same
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_NOMEM:
		return telemetry.MarkTransient(failure)
	case sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT:
		return fmt.Errorf("%w; it is damaged, or no SQLite file: move it away, or give another path", failure)
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_CANTOPEN:
		return fmt.Errorf("%w; make the file and its folder writable, or give another path", failure)
	}
	return failure
}
