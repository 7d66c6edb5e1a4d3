package simcity

import "slices"

// minimise returns a part of items that still fails and of which no single item
// can be left out, by delta debugging (Zeller, Hildebrandt 2002): halves are
// tried first, then ever smaller parts. fails must hold for items as a whole; it
// may say no when it has had enough.
func minimise[T any](items []T, fails func([]T) bool) []T {
	for parts := 2; len(items) > 0; {
		size := (len(items) + parts - 1) / parts
		smaller := false
		for from := 0; from < len(items); from += size {
			rest := slices.Delete(slices.Clone(items), from, min(from+size, len(items)))
			if fails(rest) {
				items, smaller = rest, true
				parts = max(parts-1, 2)
				break
			}
		}
		switch {
		case smaller:
		case size == 1:
			return items
		default:
			parts = min(2*parts, len(items))
		}
	}
	return items
}
