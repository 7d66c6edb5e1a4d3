package pgstore

import (
	"context"
	"fmt"
)

// PromoUses implements [booking.PromoTx].
func (t *tx) PromoUses(code string) (uses int, err error) {
	err = t.one(`select coalesce(max(uses), 0) from public.promos where code = $1`, []any{code}, &uses)
	return uses, err
}

// PromoUsedBy implements [booking.PromoTx].
func (t *tx) PromoUsedBy(code, customer string) (used bool, err error) {
	err = t.one(`select exists (select from public.promo_uses where code = $1 and customer = $2)`, []any{code, customer}, &used)
	return used, err
}

// notePromo notes that a customer used a code, once.
const notePromo = `insert into public.promo_uses values ($1, $2) on conflict do nothing`

// countPromo does and counts it.
const countPromo = `with used as (` + notePromo + ` returning code)
	insert into public.promos as p select code, 1 from used
	on conflict (code) do update set uses = p.uses + 1`

// UsePromo implements [booking.PromoTx].
func (t *tx) UsePromo(code, customer string) error {
	if !t.store.has(BugLostUpdate) {
		_, err := t.write(countPromo, code, customer)
		return err
	}
	n, err := t.write(notePromo, code, customer)
	if err == nil && n > 0 {
		t.promos = append(t.promos, code)
	}
	return err
}

// afterwards is BugLostUpdate: what a promo's uses are is read and written back
// when the transaction is over. Who does so in between is forgotten.
func (t *tx) afterwards() error {
	for _, code := range t.promos {
		if err := t.store.countUse(t.ctx, code); err != nil {
			return fmt.Errorf("pgstore: counting the uses of %s: %w", code, err)
		}
	}
	return nil
}

func (s *Store) countUse(ctx context.Context, code string) error {
	var uses int
	err := s.pool.QueryRow(ctx, `select coalesce(max(uses), 0) from public.promos where code = $1`, code).Scan(&uses)
	if err != nil {
		return err
	}
	_, err = s.pool.Exec(ctx, `insert into public.promos values ($1, $2)
		on conflict (code) do update set uses = excluded.uses`, code, uses+1)
	return err
}
