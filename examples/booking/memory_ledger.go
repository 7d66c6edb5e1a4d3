package booking

import "slices"

// AppendMessage implements [ChatTx].
func (tx *memoryTx) AppendMessage(m Message) error {
	r, ok := tx.bookings[m.Booking]
	if !ok || !tx.changes(tableMessages, r) {
		return ErrNotFound
	}
	before := r.messages
	err := tx.write(func() {
		r.messages = before
		tx.messages--
		tx.textBytes -= int64(len(m.Text))
	})
	if err != nil {
		return err
	}
	r.messages = append(r.messages, m)
	tx.messages++
	tx.textBytes += int64(len(m.Text))
	return nil
}

// Messages implements [ChatTx].
func (tx *memoryTx) Messages(booking string) ([]Message, error) {
	r, ok := tx.bookings[booking]
	if !ok || !tx.sees(tableMessages, r) {
		return nil, ErrNotFound
	}
	return slices.Clone(r.messages), nil
}

// AppendEntry implements [LedgerTx].
func (tx *memoryTx) AppendEntry(e Entry) error {
	r, ok := tx.bookings[e.Booking]
	if !ok || !tx.changes(tableEntries, r) {
		return ErrNotFound
	}
	before := r.entries
	err := tx.write(func() {
		r.entries = before
		tx.entries--
		tx.eachTotal(e, func(t *Totals) { t.sub(e) })
	})
	if err != nil {
		return err
	}
	r.entries = append(r.entries, e)
	tx.entries++
	tx.eachTotal(e, func(t *Totals) { t.add(e) })
	return nil
}

func (t *tables) eachTotal(e Entry, do func(*Totals)) {
	do(&t.totals)
	do(&t.party(e.Customer).totals)
	do(&t.party(e.Vendor).totals)
}

// Entries implements [LedgerTx].
func (tx *memoryTx) Entries(name string, limit int) ([]Entry, error) {
	p, ok := tx.parties[name]
	if !ok {
		return nil, nil
	}
	var out []Entry
	for _, r := range slices.Backward(p.all.rows) {
		if len(out) >= limit {
			return out[:limit], nil
		}
		if tx.sees(tableEntries, r) {
			out = append(out, r.entries...)
		}
	}
	return out, nil
}

// Totals implements [LedgerTx].
func (tx *memoryTx) Totals(name string) (Totals, error) {
	if name == "" {
		return tx.totals, nil
	}
	if p, ok := tx.parties[name]; ok {
		return p.totals, nil
	}
	return Totals{}, nil
}

// Balance implements [LedgerTx].
func (tx *memoryTx) Balance(booking string) (Totals, error) {
	r, ok := tx.bookings[booking]
	if !ok || !tx.sees(tableEntries, r) {
		return Totals{}, ErrNotFound
	}
	var sum Totals
	for _, e := range r.entries {
		sum.add(e)
	}
	return sum, nil
}

// PromoUses implements [PromoTx].
func (tx *memoryTx) PromoUses(code string) (int, error) {
	return len(tx.promos[code]), nil
}

// PromoUsedBy implements [PromoTx].
func (tx *memoryTx) PromoUsedBy(code, customer string) (bool, error) {
	return tx.promos[code][customer], nil
}

// UsePromo implements [PromoTx].
func (tx *memoryTx) UsePromo(code, customer string) error {
	if err := tx.write(func() { delete(tx.promos[code], customer) }); err != nil {
		return err
	}
	if tx.promos[code] == nil {
		tx.promos[code] = promoUses{}
	}
	tx.promos[code][customer] = true
	return nil
}
