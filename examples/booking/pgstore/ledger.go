package pgstore

import (
	"github.com/jackc/pgx/v5"

	"github.com/bookiji/simcity/examples/booking"
)

// AppendMessage implements [booking.ChatTx].
func (t *tx) AppendMessage(m booking.Message) error {
	n, err := t.write(`insert into public.messages (id, booking, customer, vendor, sender, at, text)
		select $1, id, customer, vendor, $3, $4, $5 from public.bookings where id = $2`,
		m.ID, m.Booking, m.From, stamp(m.At), m.Text)
	if err == nil && n == 0 {
		return booking.ErrNotFound
	}
	return err
}

// Messages implements [booking.ChatTx].
func (t *tx) Messages(of string) ([]booking.Message, error) {
	// A booking without messages gives one row of nulls, no booking none.
	list, err := collect(t, t.query(`select m.id, b.id, m.sender, m.at, m.text
		from public.bookings b left join public.messages m on m.booking = b.id
		where b.id = $1 order by m.seq`, of), scanMessage)
	switch {
	case err != nil:
		return nil, err
	case len(list) == 0:
		return nil, booking.ErrNotFound
	case list[0].ID == "":
		return nil, nil
	}
	return list, nil
}

func scanMessage(row pgx.CollectableRow) (booking.Message, error) {
	var m booking.Message
	var id, sender, text *string
	if err := row.Scan(&id, &m.Booking, &sender, instant{&m.At}, &text); err != nil || id == nil {
		return m, err
	}
	m.ID, m.From, m.Text = *id, *sender, *text
	return m, nil
}

// AppendEntry implements [booking.LedgerTx]. A trigger adds it to the totals.
func (t *tx) AppendEntry(e booking.Entry) error {
	n, err := t.write(`insert into public.entries (id, booking, customer, vendor, at, kind, cents)
		select $1, id, $3, $4, $5, $6, $7 from public.bookings where id = $2`,
		e.ID, e.Booking, e.Customer, e.Vendor, stamp(e.At), e.Kind, e.Cents)
	if err == nil && n == 0 {
		return booking.ErrNotFound
	}
	return err
}

const entriesOf = `select e.id, e.booking, e.customer, e.vendor, e.at, e.kind, e.cents
	from public.bookings b join public.entries e on e.booking = b.id
	where b.customer = $1 or b.vendor = $1 order by b.seq desc, e.seq limit $2`

// Entries implements [booking.LedgerTx].
func (t *tx) Entries(party string, limit int) ([]booking.Entry, error) {
	if t.store.has(BugSecondConnection) {
		rows, err := t.store.pool.Query(t.ctx, entriesOf, party, limit)
		if err != nil {
			return nil, t.note(err)
		}
		return collect(t, rows, scanEntry)
	}
	return collect(t, t.query(entriesOf, party, limit), scanEntry)
}

func scanEntry(row pgx.CollectableRow) (booking.Entry, error) {
	var e booking.Entry
	err := row.Scan(&e.ID, &e.Booking, &e.Customer, &e.Vendor, instant{&e.At}, &e.Kind, &e.Cents)
	return e, err
}

// Totals implements [booking.LedgerTx].
func (t *tx) Totals(party string) (sum booking.Totals, err error) {
	const sums = `select coalesce(sum(charged_cents), 0), coalesce(sum(refunded_cents), 0),
		coalesce(sum(charges), 0), coalesce(sum(refunds), 0) from public.totals where `
	into := []any{&sum.ChargedCents, &sum.RefundedCents, &sum.Charges, &sum.Refunds}
	if party == "" {
		err = t.one(sums+`side = 'customer'`, nil, into...)
	} else {
		err = t.one(sums+`party = $1`, []any{party}, into...)
	}
	return sum, err
}

// balanceColumns sum the entries e of one booking.
const balanceColumns = `coalesce(sum(e.cents) filter (where e.kind = 'charge'), 0),
	coalesce(sum(e.cents) filter (where e.kind = 'refund'), 0),
	count(*) filter (where e.kind = 'charge'), count(*) filter (where e.kind = 'refund')`

// Balance implements [booking.LedgerTx].
func (t *tx) Balance(of string) (sum booking.Totals, err error) {
	if known, ok := t.balances[of]; ok {
		return known, nil
	}
	err = t.one(`select `+balanceColumns+` from public.bookings b
		left join public.entries e on e.booking = b.id where b.id = $1 group by b.id`, []any{of},
		&sum.ChargedCents, &sum.RefundedCents, &sum.Charges, &sum.Refunds)
	return sum, err
}

// allBalances reads the balance of every booking.
func (t *tx) allBalances() (map[string]booking.Totals, error) {
	rows := t.query(`select b.id, ` + balanceColumns + ` from public.bookings b
		left join public.entries e on e.booking = b.id group by b.id`)
	all := map[string]booking.Totals{}
	var id string
	var sum booking.Totals
	_, err := pgx.ForEachRow(rows, []any{&id, &sum.ChargedCents, &sum.RefundedCents, &sum.Charges, &sum.Refunds}, func() error {
		all[id] = sum
		return nil
	})
	return all, t.note(err)
}
