package pgstore

import (
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/bookiji/simcity/examples/booking"
)

const vendorColumns = `handle, owner, name, city, timezone, open_from, open_to, rating, accepted, declined, services`

func scanVendor(row pgx.CollectableRow) (booking.Vendor, error) {
	var v booking.Vendor
	err := row.Scan(&v.Handle, &v.Owner, &v.Name, &v.City, &v.Timezone, &v.OpenFrom, &v.OpenTo,
		&v.Rating, &v.Accepted, &v.Declined, &v.Services)
	return v, err
}

// listed reads the vendors that the rest of a statement selects.
func (t *tx) listed(rest string, args ...any) ([]booking.Vendor, error) {
	return collect(t, t.query("select "+vendorColumns+" from "+rest, args...), scanVendor)
}

// Vendor implements [booking.VendorTx]. In a View a vendor is read once, since
// the View's snapshot stays what it is.
func (t *tx) Vendor(handle string) (booking.Vendor, error) {
	if v, ok := t.vendors[handle]; ok {
		return v, nil
	}
	v, err := t.vendorBy(`handle = $1`, handle)
	if err == nil && !t.writable {
		if t.vendors == nil {
			t.vendors = map[string]booking.Vendor{}
		}
		t.vendors[handle] = v
	}
	return v, err
}

// VendorOf implements [booking.VendorTx].
func (t *tx) VendorOf(owner string) (booking.Vendor, error) {
	return t.vendorBy(`owner = $1`, owner)
}

func (t *tx) vendorBy(condition, value string) (booking.Vendor, error) {
	found, err := t.listed(`public.vendors where `+condition, value)
	if err != nil || len(found) == 0 {
		return booking.Vendor{}, orNotFound(err)
	}
	return found[0], nil
}

// Vendors implements [booking.VendorTx].
func (t *tx) Vendors(city string) ([]booking.Vendor, error) { return t.in(city, `public.vendors`) }

// Listings implements [booking.VendorTx].
func (t *tx) Listings(city string) ([]booking.Vendor, error) { return t.in(city, `public.listings`) }

func (t *tx) in(city, table string) ([]booking.Vendor, error) {
	key := cityKey(city)
	if key == "" {
		return t.listed(table + ` order by handle`)
	}
	return t.listed(table+` where city_key = $1 order by handle`, key)
}

// cityKey is the spelling under which a city's vendors are found.
func cityKey(city string) string { return strings.ToLower(strings.TrimSpace(city)) }

// ListingsAt implements [booking.VendorTx].
func (t *tx) ListingsAt() (at time.Time, err error) {
	err = t.one(`select max(at) from public.refreshes where view = 'listings'`, nil, instant{&at})
	return at, err
}

// PutVendor implements [booking.VendorTx].
func (t *tx) PutVendor(v booking.Vendor) error {
	_, err := t.write(`insert into public.vendors (`+vendorColumns+`, city_key)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
		on conflict (handle) do update set owner = excluded.owner, name = excluded.name, city = excluded.city,
		timezone = excluded.timezone, open_from = excluded.open_from, open_to = excluded.open_to,
		rating = excluded.rating, accepted = excluded.accepted, declined = excluded.declined,
		services = excluded.services, city_key = excluded.city_key`,
		v.Handle, v.Owner, v.Name, v.City, v.Timezone, v.OpenFrom, v.OpenTo,
		v.Rating, v.Accepted, v.Declined, jsonOf(v.Services), cityKey(v.City))
	return err
}

// jsonOf keeps a list that is nil from becoming SQL's null.
func jsonOf(services []booking.Service) any {
	if services == nil {
		return "null"
	}
	return services
}
