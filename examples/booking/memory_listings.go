package booking

import (
	"context"
	"slices"
	"time"
)

// RefreshListings implements [Store]. The listings are a copy of the vendors,
// as a materialised view is.
func (s *MemoryStore) RefreshListings(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	tx := s.begin(ctx)
	tx.listings = make(map[string][]Vendor, len(tx.handles))
	for city := range tx.handles {
		tx.listings[city], _ = tx.Vendors(city)
	}
	tx.listingsAt = present()
	return nil
}

// Listings implements [VendorTx].
func (tx *memoryTx) Listings(city string) ([]Vendor, error) {
	return slices.Clone(tx.listings[canonicalCity(city)]), nil
}

// ListingsAt implements [VendorTx].
func (tx *memoryTx) ListingsAt() (time.Time, error) { return tx.listingsAt, nil }
