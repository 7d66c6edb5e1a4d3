package pgstore

import (
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/bookiji/simcity/examples/booking"
)

// Compact implements [booking.UpkeepTx]. Chat and entries go with their booking.
func (t *tx) Compact(before time.Time) (bookings int, err error) {
	return t.write(`delete from public.bookings where not live and finished_at < $1`, before)
}

// ForgetAnswers implements [booking.UpkeepTx].
func (t *tx) ForgetAnswers(before time.Time) (answers int, err error) {
	return t.write(`delete from public.answers where at < $1`, before)
}

// Purge implements [booking.UpkeepTx]. Sequences go on, so that no id is used
// twice. It reads and deletes everything, and would seldom be serializable amid
// traffic: it waits until nobody else may write. In an Update it comes first,
// because what was read before has fixed what the transaction sees, and whatever is
// written while it waits is then in conflict with it. Who saw the data before and
// would write after is refused, which a lock in access exclusive mode prevents: it
// gives the transaction its number before its snapshot, and PostgreSQL (15) then
// misses that others read what it deleted. Tables stand in the order in which others
// come to them.
func (t *tx) Purge() (booking.Holdings, error) {
	_, err := t.write(`lock table public.vendors, public.bookings, public.totals, public.promos, public.promo_uses,
		public.audit, public.answers in exclusive mode`)
	if err != nil {
		return booking.Holdings{}, err
	}
	h, err := t.Holdings()
	if err != nil {
		return booking.Holdings{}, err
	}
	_, err = t.write(`
		delete from public.bookings;
		delete from public.vendors;
		delete from public.totals;
		delete from public.promos;
		delete from public.promo_uses;
		delete from public.answers;
		delete from public.audit`)
	return h, err
}

// Holdings implements [booking.UpkeepTx].
func (t *tx) Holdings() (h booking.Holdings, err error) {
	err = t.one(`select (select count(*) from public.vendors), count(*), count(*) filter (where live),
		(select count(*) from public.messages), (select count(*) from public.entries),
		(select count(*) from public.answers) from public.bookings`, nil,
		&h.Vendors, &h.Bookings, &h.Live, &h.Messages, &h.Entries, &h.Answers)
	return h, err
}

// Audit implements [booking.UpkeepTx].
func (t *tx) Audit(limit int) ([]booking.AuditRow, error) {
	rows := t.query(`select at, "table", detail from public.audit order by seq desc limit $1`, limit)
	return collect(t, rows, func(row pgx.CollectableRow) (booking.AuditRow, error) {
		var a booking.AuditRow
		err := row.Scan(instant{&a.At}, &a.Table, &a.Detail)
		return a, err
	})
}
