package pgstore

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/bookiji/simcity/examples/booking"
)

// tx is one transaction.
type tx struct {
	ctx      context.Context
	conn     pgx.Tx
	store    *Store
	writable bool
	who      booking.Identity
	failed   error // the database's first error, after which it only rolls back

	balances map[string]booking.Totals // see AllBookings
	vendors  map[string]booking.Vendor // see Vendor
	promos   []promo                   // BugLostUpdate
}

// query asks for rows.
func (t *tx) query(sql string, args ...any) pgx.Rows {
	rows, _ := t.conn.Query(t.ctx, sql, args...) // the rows carry the error
	return rows
}

// one asks for one row; none is ErrNotFound.
func (t *tx) one(sql string, args []any, into ...any) error {
	return t.note(t.conn.QueryRow(t.ctx, sql, args...).Scan(into...))
}

// write must be in everything that changes the data.
func (t *tx) write(sql string, args ...any) (rows int, err error) {
	if !t.writable {
		return 0, booking.ErrReadOnly
	}
	tag, err := t.conn.Exec(t.ctx, sql, args...)
	return int(tag.RowsAffected()), t.note(err)
}

// note remembers what the database refused and translates what it did not find.
func (t *tx) note(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, pgx.ErrNoRows):
		return booking.ErrNotFound
	}
	err = fmt.Errorf("pgstore: %w", err)
	if t.failed == nil {
		t.failed = err
	}
	return err
}

// collect reads all rows.
func collect[T any](t *tx, rows pgx.Rows, scan pgx.RowToFunc[T]) ([]T, error) {
	list, err := pgx.CollectRows(rows, scan)
	if len(list) == 0 {
		list = nil
	}
	return list, t.note(err)
}

// sequences are where ids come from.
var sequences = map[booking.Sequence]string{
	booking.SequenceVendor:  "public.vendor_numbers",
	booking.SequenceService: "public.service_numbers",
	booking.SequenceBooking: "public.booking_numbers",
	booking.SequenceCharge:  "public.charge_numbers",
	booking.SequenceRefund:  "public.refund_numbers",
	booking.SequenceMessage: "public.message_numbers",
}

// NextID implements [booking.Tx]. An id that a failed Update drew is lost: a
// counter that went back would have all transactions wait for one another.
func (t *tx) NextID(of booking.Sequence) (string, error) {
	if !t.writable {
		return "", booking.ErrReadOnly
	}
	name, ok := sequences[of]
	if !ok {
		return "", fmt.Errorf("pgstore: there is no sequence %q", of)
	}
	var n int64
	err := t.one(`select nextval($1::text::regclass)`, []any{name}, &n)
	return string(of) + strconv.FormatInt(n, 10), err
}

// instant is a time that is null when it is zero, and UTC.
type instant struct{ at *time.Time }

// ScanTimestamptz implements [pgtype.TimestamptzScanner].
func (i instant) ScanTimestamptz(v pgtype.Timestamptz) error {
	*i.at = time.Time{}
	if v.Valid {
		*i.at = v.Time.UTC()
	}
	return nil
}

// stamp is a time as an argument.
func stamp(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t
}

// expiry is the end of a hold as an argument. The database counts microseconds:
// a hold is kept a little longer rather than given away before the time that its
// customer was told.
func expiry(t time.Time) any {
	if whole := t.Truncate(time.Microsecond); !whole.Equal(t) {
		t = whole.Add(time.Microsecond)
	}
	return stamp(t)
}
