package booking

import (
	"maps"
	"slices"
	"time"
)

// Answered implements [IdempotencyTx].
func (tx *memoryTx) Answered(key IdempotencyKey) (Answer, error) {
	a, ok := tx.answers[key]
	if !ok {
		return Answer{}, ErrNotFound
	}
	return a, nil
}

// StoreAnswer implements [IdempotencyTx].
func (tx *memoryTx) StoreAnswer(key IdempotencyKey, a Answer) error {
	queued := len(tx.answerQueue)
	err := tx.write(func() {
		delete(tx.answers, key)
		tx.answerQueue = tx.answerQueue[:queued]
		tx.answerBytes -= int64(len(a.Body))
	})
	if err != nil {
		return err
	}
	tx.answers[key] = a
	tx.answerQueue = append(tx.answerQueue, key)
	tx.answerBytes += int64(len(a.Body))
	return nil
}

// ForgetAnswers implements [UpkeepTx].
func (tx *memoryTx) ForgetAnswers(before time.Time) (int, error) {
	queue, bytes, dropped := tx.answerQueue, tx.answerBytes, map[IdempotencyKey]Answer{}
	err := tx.write(func() {
		maps.Copy(tx.answers, dropped)
		tx.answerQueue, tx.answerBytes = queue, bytes
	})
	if err != nil {
		return 0, err
	}
	for _, key := range queue {
		a := tx.answers[key]
		if !a.At.Before(before) {
			break
		}
		dropped[key] = a
		tx.answerBytes -= int64(len(a.Body))
		delete(tx.answers, key)
	}
	tx.answerQueue = slices.Clone(queue[len(dropped):])
	return len(dropped), nil
}

// Compact implements [UpkeepTx].
func (tx *memoryTx) Compact(before time.Time) (int, error) {
	old := 0
	for old < len(tx.finished.rows) && tx.finished.rows[old].FinishedAt.Before(before) {
		old++
	}
	for _, r := range slices.Clone(tx.finished.rows[:old]) {
		if err := tx.write(func() { tx.addRow(r) }); err != nil {
			return 0, err
		}
		tx.removeRow(r)
		tx.forgetIdle(r.Customer)
		tx.forgetIdle(r.Vendor)
	}
	return old, nil
}

// forgetIdle drops the index of a party about whom nothing is kept.
func (t *tables) forgetIdle(name string) {
	if p, ok := t.parties[name]; ok && len(p.all.rows) == 0 && p.totals == (Totals{}) {
		delete(t.parties, name)
	}
}

// Purge implements [UpkeepTx]. Sequences go on, so that no id is used twice.
func (tx *memoryTx) Purge() (Holdings, error) {
	before := *tx.tables
	if err := tx.write(func() { *tx.tables = before }); err != nil {
		return Holdings{}, err
	}
	h, err := tx.Holdings()
	*tx.tables = *newTables()
	tx.sequences = before.sequences
	return h, err
}

// What one of each costs, with its share of the indexes, in bytes. Measured
// on a heap of a hundred thousand and rounded up.
const (
	bytesPerVendor  = 1024
	bytesPerBooking = 768
	bytesPerParty   = 384
	bytesPerMessage = 128
	bytesPerEntry   = 192
	bytesPerAnswer  = 320
)

// Holdings implements [UpkeepTx].
func (tx *memoryTx) Holdings() (Holdings, error) {
	h := Holdings{
		Vendors: len(tx.vendors), Bookings: len(tx.bookings), Live: tx.live,
		Messages: tx.messages, Entries: tx.entries, Answers: len(tx.answers),
	}
	h.Bytes = tx.textBytes + tx.answerBytes +
		bytesPerVendor*int64(h.Vendors) +
		bytesPerBooking*int64(h.Bookings) +
		bytesPerParty*int64(len(tx.parties)) +
		bytesPerMessage*int64(h.Messages) +
		bytesPerEntry*int64(h.Entries) +
		bytesPerAnswer*int64(h.Answers)
	return h, nil
}
