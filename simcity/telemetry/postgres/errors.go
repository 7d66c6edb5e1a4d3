package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/bookiji/simcity/simcity/telemetry"
)

// SQLSTATEs, https://www.postgresql.org/docs/current/errcodes-appendix.html
const (
	foreignKeyViolation = "23503"
	uniqueViolation     = "23505"
	notSupported        = "0A000"
	undefinedColumn     = "42703"
	undefinedTable      = "42P01"
	privilege           = "42501"
	badUUID             = "22P02"
	noDatabase          = "3D000"
	badPassword         = "28P01"
	badAuthorization    = "28000"
	readOnly            = "25006"
	lockNotAvailable    = "55P03"
	objectInUse         = "55006"
)

// transientClasses are those of errors that pass: connections, rollbacks that ask
// for another try, resources, an operator's doing, the system's.
var transientClasses = []string{"08", "40", "53", "57", "58"}

// fixes say what to do about errors that last.
var fixes = map[string]string{
	noDatabase:       "create the database, or correct its name in the DSN",
	badPassword:      "correct user and password in the DSN",
	badAuthorization: "correct the user in the DSN, or let it in by pg_hba.conf",
	privilege:        "give the DSN of the role that owns the tables, or of one with the rights of service_role",
}

// explain names the database, tells transient errors, and says what to do about
// the others. What it returns shows no password: pgx never quotes it.
func (s *Store) explain(ctx context.Context, err error) error {
	if err == nil || errors.Is(err, telemetry.ErrNoRun) || errors.Is(err, telemetry.ErrNoRequest) || errors.Is(err, telemetry.ErrLeaseLost) {
		return err
	}
	var mismatch *telemetry.SchemaError
	if errors.As(err, &mismatch) {
		return err
	}
	failure := fmt.Errorf("telemetry: %s: %w", s, err)
	if ctx.Err() != nil {
		return failure // the caller's doing, and a deadline is transient by itself
	}
	var refused *pgconn.PgError
	if !errors.As(err, &refused) {
		var connect *pgconn.ConnectError
		switch {
		case errors.As(err, &connect):
			return telemetry.MarkTransient(fmt.Errorf("%w; see that the server runs, and that host and port in the DSN are right", failure))
		case connection(err):
			return telemetry.MarkTransient(failure)
		}
		return failure
	}
	switch code := refused.Code; {
	case code == undefinedTable, code == undefinedColumn:
		return s.unfit(ctx, failure)
	case passes(code):
		return telemetry.MarkTransient(failure)
	}
	if fix := fixes[refused.Code]; fix != "" {
		return fmt.Errorf("%w; %s", failure, fix)
	}
	return failure
}

// passes tells whether an error with such a SQLSTATE passes by itself.
func passes(code string) bool {
	switch code {
	case readOnly, lockNotAvailable, objectInUse:
		return true
	}
	return len(code) > 2 && slices.Contains(transientClasses, code[:2])
}

// connection tells whether an error is one of the way to the server.
func connection(err error) bool {
	var network net.Error
	var connect *pgconn.ConnectError
	return errors.As(err, &network) || errors.As(err, &connect) || pgconn.SafeToRetry(err) || pgconn.Timeout(err) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) || errors.Is(err, pgx.ErrTxCommitRollback)
}

// state is the SQLSTATE of an error, or empty.
func state(err error) string {
	var refused *pgconn.PgError
	if errors.As(err, &refused) {
		return refused.Code
	}
	return ""
}

// unfit is the schema's error if it does not fit, else err.
func (s *Store) unfit(ctx context.Context, err error) error {
	var mismatch *telemetry.SchemaError
	if told := s.fits(ctx); errors.As(told, &mismatch) {
		return told
	}
	return err
}
