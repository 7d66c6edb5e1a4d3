package booking

import "slices"

// everywhere is the city under which all vendors are listed.
const everywhere = ""

// Vendor implements [VendorTx].
func (tx *memoryTx) Vendor(handle string) (Vendor, error) {
	v, ok := tx.vendors[handle]
	if !ok {
		return Vendor{}, ErrNotFound
	}
	return *v, nil
}

// VendorOf implements [VendorTx].
func (tx *memoryTx) VendorOf(owner string) (Vendor, error) {
	handle, ok := tx.owned[owner]
	if !ok {
		return Vendor{}, ErrNotFound
	}
	return tx.Vendor(handle)
}

// Vendors implements [VendorTx].
func (tx *memoryTx) Vendors(city string) ([]Vendor, error) {
	handles := tx.handles[canonicalCity(city)]
	out := make([]Vendor, len(handles))
	for i, handle := range handles {
		out[i] = *tx.vendors[handle]
	}
	return out, nil
}

// PutVendor implements [VendorTx].
func (tx *memoryTx) PutVendor(v Vendor) error {
	if old, ok := tx.vendors[v.Handle]; ok {
		before := *old
		if err := tx.write(func() { *old = before }); err != nil {
			return err
		}
		*old = v
		return nil
	}
	if err := tx.write(func() { tx.removeVendor(v) }); err != nil {
		return err
	}
	tx.vendors[v.Handle] = &v
	tx.owned[v.Owner] = v.Handle
	for _, city := range []string{everywhere, canonicalCity(v.City)} {
		i, _ := slices.BinarySearch(tx.handles[city], v.Handle)
		tx.handles[city] = slices.Insert(tx.handles[city], i, v.Handle)
	}
	return nil
}

func (t *tables) removeVendor(v Vendor) {
	delete(t.vendors, v.Handle)
	delete(t.owned, v.Owner)
	for _, city := range []string{everywhere, canonicalCity(v.City)} {
		if i, found := slices.BinarySearch(t.handles[city], v.Handle); found {
			t.handles[city] = slices.Delete(t.handles[city], i, i+1)
		}
	}
}
