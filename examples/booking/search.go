package booking

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// searchResultsMax is how many vendors a search shows at most.
const searchResultsMax = 100

// search answers GET /api/search?city=&q=.
func (a *App) search(c *call) (reply, error) {
	if err := a.dawdle(c.Context()); err != nil {
		return reply{}, err
	}
	query := c.URL.Query()
	key := searchKey{
		city: canonicalCity(query.Get("city")),
		q:    strings.ToLower(strings.TrimSpace(query.Get("q"))),
	}
	if a.has(BugColdCache) || a.cold.Load() {
		key.instant = c.now.UnixNano()
	}
	body, err := a.cache.get(c.Context(), key, c.now, a.load)
	return reply{status: http.StatusOK, body: body}, err
}

// loadSearch reads and encodes the answer to a search, as of the latest
// refresh of the listings.
func (a *App) loadSearch(ctx context.Context, key searchKey) ([]byte, error) {
	var found []Vendor
	err := a.store.View(ctx, func(tx Tx) error {
		var err error
		found, err = tx.Listings(key.city)
		return err
	})
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(struct {
		Results []Vendor `json:"results"`
	}{notNil(best(found, key.q))})
	return append(body, '\n'), err
}

// best lists the vendors that a search for q finds, best rated first.
func best(listed []Vendor, q string) []Vendor {
	found := slices.DeleteFunc(listed, func(v Vendor) bool { return !v.matches(q) })
	slices.SortStableFunc(found, func(v, w Vendor) int { return cmp.Compare(w.Rating, v.Rating) })
	return found[:min(len(found), searchResultsMax)]
}

// notNil makes an empty list answer [] and not null.
func notNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
