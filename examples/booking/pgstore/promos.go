package pgstore

import "fmt"

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
	uses, err := t.PromoUses(code)
	if err != nil {
		return err
	}
	n, err := t.write(notePromo, code, customer)
	if err == nil && n > 0 {
		t.promos = append(t.promos, promo{code, uses + 1})
	}
	return err
}

// promo is what BugLostUpdate believes the uses of a code to be.
type promo struct {
	code string
	uses int
}

// afterwards is BugLostUpdate: whoever counted a use in between is forgotten.
func (t *tx) afterwards() error {
	for _, p := range t.promos {
		_, err := t.store.pool.Exec(t.ctx, `insert into public.promos values ($1, $2)
			on conflict (code) do update set uses = excluded.uses`, p.code, p.uses)
		if err != nil {
			return fmt.Errorf("pgstore: counting the uses of %s: %w", p.code, err)
		}
	}
	return nil
}
