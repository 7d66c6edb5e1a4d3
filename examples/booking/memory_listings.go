package booking

import (
	"context"
	"time"
)

// RefreshListings implements [Store].
func (s *MemoryStore) RefreshListings(context.Context) error { return nil }

// GuardPolicies implements [Store].
func (s *MemoryStore) GuardPolicies(context.Context) (int, error) { return 0, nil }

// Listings implements [VendorTx].
func (tx *memoryTx) Listings(city string) ([]Vendor, error) { return tx.Vendors(city) }

// ListingsAt implements [VendorTx].
func (tx *memoryTx) ListingsAt() (time.Time, error) { return time.Time{}, nil }

// VisibleBookings implements [BookingTx].
func (tx *memoryTx) VisibleBookings(int) ([]Booking, error) { return nil, nil }

// Audit implements [UpkeepTx].
func (tx *memoryTx) Audit(int) ([]AuditRow, error) { return nil, nil }
