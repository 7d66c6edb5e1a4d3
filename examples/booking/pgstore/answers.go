package pgstore

import "github.com/bookiji/simcity/examples/booking"

// Answered implements [booking.IdempotencyTx].
func (t *tx) Answered(key booking.IdempotencyKey) (a booking.Answer, err error) {
	var fingerprint []byte
	err = t.one(`select at, fingerprint, status, body from public.answers where user_id = $1 and path = $2 and key = $3`,
		[]any{key.User, key.Path, key.Key}, instant{&a.At}, &fingerprint, &a.Status, &a.Body)
	copy(a.Fingerprint[:], fingerprint)
	return a, err
}

// StoreAnswer implements [booking.IdempotencyTx].
func (t *tx) StoreAnswer(key booking.IdempotencyKey, a booking.Answer) error {
	_, err := t.write(`insert into public.answers values ($1, $2, $3, $4, $5, $6, $7)
		on conflict (user_id, path, key) do update set at = excluded.at, fingerprint = excluded.fingerprint,
		status = excluded.status, body = excluded.body`,
		key.User, key.Path, key.Key, stamp(a.At), a.Fingerprint[:], a.Status, a.Body)
	return err
}
