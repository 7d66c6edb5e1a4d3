package booking

import "time"

// Booking implements [BookingTx].
func (tx *memoryTx) Booking(id string) (Booking, error) {
	r, ok := tx.bookings[id]
	if !ok || !tx.sees(tableBookings, r) {
		return Booking{}, ErrNotFound
	}
	return r.Booking, nil
}

// PutBooking implements [BookingTx].
func (tx *memoryTx) PutBooking(b Booking) error {
	r, ok := tx.bookings[b.ID]
	if !ok {
		return tx.insertBooking(b)
	}
	if !tx.changes(tableBookings, r) {
		return ErrNotFound
	}
	before := r.Booking
	if err := tx.write(func() { tx.replace(r, before) }); err != nil {
		return err
	}
	tx.replace(r, b)
	return nil
}

func (tx *memoryTx) insertBooking(b Booking) error {
	r := &row{Booking: b, seq: tx.seq + 1}
	if !tx.changes(tableBookings, r) {
		return ErrNotFound
	}
	err := tx.write(func() {
		tx.removeRow(r)
		tx.forgetIdle(r.Customer)
		tx.forgetIdle(r.Vendor)
	})
	if err != nil {
		return err
	}
	tx.seq++
	tx.addRow(r)
	return nil
}

// addRow puts a row into the table and every index; removeRow is its reverse.
func (t *tables) addRow(r *row) {
	t.bookings[r.ID] = r
	t.all.put(r)
	t.party(r.Customer).all.put(r)
	t.party(r.Vendor).all.put(r)
	t.shelve(r)
	t.entries += len(r.entries)
	t.messages += len(r.messages)
	t.textBytes += textBytes(r.messages)
}

func (t *tables) removeRow(r *row) {
	delete(t.bookings, r.ID)
	t.all.take(r)
	t.party(r.Customer).all.take(r)
	t.party(r.Vendor).all.take(r)
	t.unshelve(r)
	t.entries -= len(r.entries)
	t.messages -= len(r.messages)
	t.textBytes -= textBytes(r.messages)
}

func textBytes(messages []Message) (n int64) {
	for _, m := range messages {
		n += int64(len(m.Text))
	}
	return n
}

// replace changes a row's booking and moves it to its new places.
func (t *tables) replace(r *row, b Booking) {
	t.unshelve(r)
	r.Booking = b
	t.shelve(r)
}

// shelve puts a row where its state belongs; unshelve is its reverse.
func (t *tables) shelve(r *row) {
	customer, vendor := t.party(r.Customer), t.party(r.Vendor)
	switch {
	case !r.Status.Live():
		t.finished.put(r)
		return
	case r.Status == StatusHeld:
		t.holds.put(r)
	case r.Status == StatusRequested:
		vendor.inbox.put(r)
	}
	t.live++
	customer.live.put(r)
	vendor.live.put(r)
}

func (t *tables) unshelve(r *row) {
	customer, vendor := t.party(r.Customer), t.party(r.Vendor)
	switch {
	case !r.Status.Live():
		t.finished.take(r)
		return
	case r.Status == StatusHeld:
		t.holds.take(r)
	case r.Status == StatusRequested:
		vendor.inbox.take(r)
	}
	t.live--
	customer.live.take(r)
	vendor.live.take(r)
}

// party finds or makes the index of a customer or vendor.
func (t *tables) party(name string) *party {
	p, ok := t.parties[name]
	if !ok {
		p = newParty()
		t.parties[name] = p
	}
	return p
}

// Calendar implements [BookingTx]. It is the same for everybody: what is taken
// by others has to be seen as taken.
func (tx *memoryTx) Calendar(vendor string, from, to time.Time) ([]Booking, error) {
	p, ok := tx.parties[vendor]
	if !ok {
		return nil, nil
	}
	var out []Booking
	// No booking lasts longer than the longest service, so none that started
	// before that can reach into the interval.
	for _, r := range p.live.from(from.Add(-longestService)) {
		if !r.Start.Before(to) {
			break
		}
		if r.End.After(from) {
			out = append(out, r.Booking)
		}
	}
	return out, nil
}

// CountLive implements [BookingTx].
func (tx *memoryTx) CountLive(customer string, now time.Time) (int, error) {
	p, ok := tx.parties[customer]
	if !ok {
		return 0, nil
	}
	n := 0
	for _, r := range p.live.rows {
		if r.LiveAt(now) && tx.sees(tableBookings, r) {
			n++
		}
	}
	return n, nil
}

// BookingsOf implements [BookingTx].
func (tx *memoryTx) BookingsOf(name string, limit int) ([]Booking, error) {
	p, ok := tx.parties[name]
	if !ok {
		return nil, nil
	}
	return tx.latest(p.all.rows, limit), nil
}

// VisibleBookings implements [BookingTx].
func (tx *memoryTx) VisibleBookings(limit int) ([]Booking, error) {
	if tx.service || tx.policies.read[tableBookings] {
		return tx.latest(tx.all.rows, limit), nil
	}
	return tx.BookingsOf(tx.who.party(), limit)
}

// latest copies out the last rows that the identity sees, newest first.
func (tx *memoryTx) latest(rows []*row, limit int) []Booking {
	out := make([]Booking, 0, min(limit, len(rows)))
	for i := len(rows) - 1; i >= 0 && len(out) < limit; i-- {
		if tx.sees(tableBookings, rows[i]) {
			out = append(out, rows[i].Booking)
		}
	}
	return out
}

// first copies out the first rows that the identity sees.
func (tx *memoryTx) first(rows []*row, limit int) []Booking {
	out := make([]Booking, 0, min(limit, len(rows)))
	for i := 0; i < len(rows) && len(out) < limit; i++ {
		if tx.sees(tableBookings, rows[i]) {
			out = append(out, rows[i].Booking)
		}
	}
	return out
}

// Inbox implements [BookingTx].
func (tx *memoryTx) Inbox(vendor string, limit int) ([]Booking, error) {
	p, ok := tx.parties[vendor]
	if !ok {
		return nil, nil
	}
	return tx.first(p.inbox.rows, limit), nil
}

// LapsedHolds implements [BookingTx].
func (tx *memoryTx) LapsedHolds(now time.Time, limit int) ([]Booking, error) {
	n := 0
	for n < len(tx.holds.rows) && n < limit && tx.holds.rows[n].lapsed(now) {
		n++
	}
	return tx.first(tx.holds.rows[:n], n), nil
}

// Begun implements [BookingTx]. It looks at the front of every calendar,
// which is cheaper than an index that every booking would have to keep.
func (tx *memoryTx) Begun(now time.Time) ([]Booking, error) {
	var out []Booking
	for _, handle := range tx.handles[everywhere] {
		p, ok := tx.parties[handle]
		if !ok {
			continue
		}
		for _, r := range p.live.rows {
			if r.Start.After(now) {
				break
			}
			if r.Status != StatusHeld && tx.sees(tableBookings, r) {
				out = append(out, r.Booking)
			}
		}
	}
	return out, nil
}

// AllBookings implements [BookingTx].
func (tx *memoryTx) AllBookings() ([]Booking, error) {
	return tx.first(tx.all.rows, len(tx.all.rows)), nil
}
