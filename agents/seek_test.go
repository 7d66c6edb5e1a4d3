package agents_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/agents"
	"github.com/bookiji/simcity/simcity"
)

// monday is when runs begin by default.
var monday = time.Date(2026, time.January, 5, 0, 0, 0, 0, time.UTC)

// lateShop shows a listing 20 minutes after it was opened, on pages of one.
type lateShop struct {
	*shop
	opened map[string]time.Time
}

func (s lateShop) Open(ctx context.Context, u *agents.User, l agents.Listing) (agents.Listing, error) {
	s.opened[l.Vendor] = u.Now()
	return s.shop.Open(ctx, u, l)
}

func (s lateShop) Search(_ context.Context, u *agents.User, q agents.Query) (found []agents.Listing, _ error) {
	for _, l := range s.listings {
		if l.City == q.City && (q.Text == "" || l.Name == q.Text) && u.Now().Sub(s.opened[l.Vendor]) >= 20*time.Minute {
			found = append(found, l)
		}
	}
	return found[:min(len(found), 1)], nil
}

// A vendor looks itself up after about 2, 10 and 30 minutes and then every few
// hours, by city and, as pages are short, by name, and tells when its listing was acknowledged.
func TestVendorsLookWhetherTheyAreFound(t *testing.T) {
	t.Parallel()
	market := lateShop{newShop(), map[string]time.Time{}}
	tw := live(t, 1, market, nil)
	ages := map[string][]time.Duration{}
	tw.each(func(op *simcity.Operation, f simcity.Fact) {
		if f.Kind != simcity.Sought {
			return
		}
		require.Equal(t, agents.OpSearch, op.Name)
		require.Equal(t, op.Citizen, f.Holder)
		require.Equal(t, market.opened[f.ID], f.Start)
		age := monday.Add(op.Start).Sub(f.Start)
		require.Equal(t, age >= 20*time.Minute, f.Same, "after %v", age)
		ages[f.ID] = append(ages[f.ID], age)
	})
	require.Len(t, ages, 4)
	for vendor, times := range ages {
		require.InDelta(t, 2, times[0].Minutes(), 0.3, vendor)
		require.InDelta(t, 10, times[1].Minutes(), 1.1, vendor)
		require.InDelta(t, 30, times[2].Minutes(), 3.1, vendor)
		for i, age := range times[3:] {
			pause := age - times[i+2]
			require.True(t, pause >= 2*time.Hour && pause <= 7*time.Hour, "%s after %v", vendor, pause)
		}
		require.GreaterOrEqual(t, len(times), 6)
	}
}

func TestVendorsNeedNotLook(t *testing.T) {
	t.Parallel()
	never := live(t, 1, newShop(), func(_ *agents.Customer, v *agents.Vendor) { v.SeekEvery = -1 })
	require.Zero(t, never.facts[simcity.Sought])
	require.ErrorContains(t, agents.Vendor{SeekEvery: time.Second}.Validate(), "Vendor.SeekEvery")
	require.NoError(t, agents.Vendor{SeekEvery: time.Minute}.Validate())
}
