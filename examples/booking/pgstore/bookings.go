package pgstore

import (
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/bookiji/simcity/examples/booking"
)

// bookingColumns are those of a booking in the order of scanBooking.
const bookingColumns = `id, vendor, service, customer, starts, ends, status, created_at, expires_at, requested_at,
	proposed_start, checked_in_at, finished_at, fee_cents, charged_cents, refunded_cents, promo, capacity, as_sent`

func scanBooking(row pgx.CollectableRow) (booking.Booking, error) {
	var b booking.Booking
	err := row.Scan(&b.ID, &b.Vendor, &b.Service, &b.Customer, instant{&b.Start}, instant{&b.End}, &b.Status,
		instant{&b.CreatedAt}, instant{&b.ExpiresAt}, instant{&b.RequestedAt},
		instant{&b.ProposedStart}, instant{&b.CheckedInAt}, instant{&b.FinishedAt},
		&b.FeeCents, &b.ChargedCents, &b.RefundedCents, &b.Promo, &b.Capacity, &b.AsSent)
	return b, err
}

// bookings reads those that the rest of a statement selects.
func (t *tx) bookings(rest string, args ...any) ([]booking.Booking, error) {
	return collect(t, t.query("select "+bookingColumns+" from "+rest, args...), scanBooking)
}

// Booking implements [booking.BookingTx].
func (t *tx) Booking(id string) (booking.Booking, error) {
	found, err := t.bookings(`public.bookings where id = $1`, id)
	if err != nil || len(found) == 0 {
		return booking.Booking{}, orNotFound(err)
	}
	return found[0], nil
}

func orNotFound(err error) error {
	if err == nil {
		return booking.ErrNotFound
	}
	return err
}

// putBooking inserts or replaces; see make_room in the schema for what else
// happens.
const putBooking = `insert into public.bookings (` + bookingColumns + `, updated_at)
	values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)
	on conflict (id) do update set
	service = excluded.service, starts = excluded.starts, ends = excluded.ends, status = excluded.status,
	created_at = excluded.created_at, expires_at = excluded.expires_at, requested_at = excluded.requested_at,
	proposed_start = excluded.proposed_start, checked_in_at = excluded.checked_in_at, finished_at = excluded.finished_at,
	fee_cents = excluded.fee_cents, charged_cents = excluded.charged_cents, refunded_cents = excluded.refunded_cents,
	promo = excluded.promo, capacity = excluded.capacity, as_sent = excluded.as_sent, updated_at = excluded.updated_at`

// PutBooking implements [booking.BookingTx]. After an error, such as that of a
// slot that is taken, nothing else works in this transaction.
func (t *tx) PutBooking(b booking.Booking) error {
	_, err := t.write(putBooking, b.ID, b.Vendor, b.Service, b.Customer, b.Start, b.End, b.Status,
		stamp(b.CreatedAt), expiry(b.ExpiresAt), stamp(b.RequestedAt),
		stamp(b.ProposedStart), stamp(b.CheckedInAt), stamp(b.FinishedAt),
		b.FeeCents, b.ChargedCents, b.RefundedCents, b.Promo, b.Capacity, b.AsSent, time.Now())
	return err
}

// Calendar implements [booking.BookingTx]. What is taken is no secret: it shows
// the bookings of others too.
func (t *tx) Calendar(vendor string, from, to time.Time) ([]booking.Booking, error) {
	if t.who != (booking.Identity{}) {
		return t.bookings(`public.calendar($1, $2, $3) order by starts, seq`, vendor, from, to)
	}
	return t.bookings(`public.bookings where vendor = $1 and live and ends > $2 and starts < $3 order by starts, seq`, vendor, from, to)
}

// CountLive implements [booking.BookingTx].
func (t *tx) CountLive(customer string, now time.Time) (n int, err error) {
	err = t.one(`select count(*) from public.bookings
		where customer = $1 and live and not (status = 'held' and expires_at <= $2)`, []any{customer, now}, &n)
	return n, err
}

// BookingsOf implements [booking.BookingTx].
func (t *tx) BookingsOf(party string, limit int) ([]booking.Booking, error) {
	return t.bookings(`public.bookings where customer = $1 or vendor = $1 order by seq desc limit $2`, party, limit)
}

// VisibleBookings implements [booking.BookingTx]. That it asks for everything is
// the point: the policies decide.
func (t *tx) VisibleBookings(limit int) ([]booking.Booking, error) {
	return t.bookings(`public.bookings order by seq desc limit $1`, limit)
}

// Inbox implements [booking.BookingTx].
func (t *tx) Inbox(vendor string, limit int) ([]booking.Booking, error) {
	return t.bookings(`public.bookings where vendor = $1 and live and status = 'requested'
		order by requested_at nulls first, seq limit $2`, vendor, limit)
}

// LapsedHolds implements [booking.BookingTx].
func (t *tx) LapsedHolds(now time.Time, limit int) ([]booking.Booking, error) {
	return t.bookings(`public.bookings where status = 'held' and expires_at <= $1 order by expires_at, seq limit $2`, now, limit)
}

// Begun implements [booking.BookingTx]. Bookings of vendors that do not exist
// are not settled.
func (t *tx) Begun(now time.Time) ([]booking.Booking, error) {
	return t.bookings(`public.bookings b where live and status <> 'held' and starts <= $1
		and exists (select from public.vendors where handle = b.vendor) order by vendor, starts, seq`, now)
}

// AllBookings implements [booking.BookingTx]. Who reads everything in a View asks
// for the balance of each next, so these are read along: the View's snapshot
// stays what it is.
func (t *tx) AllBookings() ([]booking.Booking, error) {
	all, err := t.bookings(`public.bookings order by seq`)
	if err != nil || t.writable {
		return all, err
	}
	t.balances, err = t.allBalances()
	return all, err
}
