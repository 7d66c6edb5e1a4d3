package invariants

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/simcity"
)

func TestOpenHours(t *testing.T) {
	t.Parallel()
	day := func(d, h, m int) time.Time { return time.Date(2000, 1, d, h, m, 0, 0, time.UTC) }
	shop := simcity.OpenHours{From: 8, To: 18}
	for _, c := range []struct{ from, want time.Time }{
		{day(1, 9, 0), day(1, 11, 0)},
		{day(1, 16, 0), day(1, 18, 0)},
		{day(1, 17, 0), day(2, 9, 0)},
		{day(1, 18, 0), day(2, 10, 0)},
		{day(1, 3, 0), day(1, 10, 0)},
		{day(1, 23, 59), day(2, 10, 0)},
		{day(1, 9, 0).In(time.FixedZone("", -8*3600)), day(1, 11, 0)},
	} {
		require.Equal(t, c.want, addOpen(c.from, 2*time.Hour, shop), c.from)
	}
	require.Equal(t, day(3, 9, 0), addOpen(day(1, 9, 0), 20*time.Hour, shop))
	require.Equal(t, day(3, 9, 0), addOpen(day(1, 9, 0), 48*time.Hour, simcity.OpenHours{From: 0, To: 24}))
	require.Equal(t, day(1, 11, 0), addOpen(day(1, 9, 0), 2*time.Hour, simcity.OpenHours{}))
}

func TestRequests(t *testing.T) {
	t.Parallel()
	const ask = 9 * time.Hour
	type step struct {
		kind simcity.FactKind
		at   time.Duration
	}
	for name, c := range map[string]struct {
		steps       []step
		end         time.Duration
		met, missed int64
	}{
		"in time at two hours":    {[]step{{simcity.Asked, ask}, {simcity.Answered, ask + 2*time.Hour}}, 20 * time.Hour, 1, 0},
		"late by a nanosecond":    {[]step{{simcity.Asked, ask}, {simcity.Answered, ask + 2*time.Hour + 1}}, 20 * time.Hour, 0, 1},
		"never":                   {[]step{{simcity.Asked, ask}}, 20 * time.Hour, 0, 1},
		"still time at the end":   {[]step{{simcity.Asked, ask}}, ask + 2*time.Hour, 0, 0},
		"closed overnight":        {[]step{{simcity.Asked, 17 * time.Hour}, {simcity.Answered, 33 * time.Hour}}, 40 * time.Hour, 1, 0},
		"given back in time":      {[]step{{simcity.Asked, ask}, {simcity.Released, ask + time.Hour}}, 20 * time.Hour, 0, 0},
		"given back after it":     {[]step{{simcity.Asked, ask}, {simcity.Released, ask + 3*time.Hour}}, 20 * time.Hour, 0, 1},
		"answered twice":          {[]step{{simcity.Asked, ask}, {simcity.Answered, ask}, {simcity.Answered, ask}}, 20 * time.Hour, 1, 0},
		"asked twice":             {[]step{{simcity.Asked, ask}, {simcity.Asked, ask + time.Hour}}, 20 * time.Hour, 0, 1},
		"answer known before ask": {[]step{{simcity.Answered, ask}, {simcity.Asked, ask}}, 20 * time.Hour, 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := &inbox{within: 2 * time.Hour, due: make(map[string]time.Duration), early: make(map[string]time.Duration)}
			for _, s := range c.steps {
				i.operation(&simcity.Operation{Start: s.at, End: s.at, Facts: []simcity.Fact{{Kind: s.kind, ID: "1"}}})
			}
			i.tick(&simcity.Snapshot{At: c.end})
			require.Equal(t, [2]int64{c.met, c.missed}, [2]int64{i.met, i.missed})
		})
	}
}

func TestFunnels(t *testing.T) {
	t.Parallel()
	enter := simcity.Fact{Kind: simcity.Entered, Of: "booking", Holder: "a"}
	reach := simcity.Fact{Kind: simcity.Completed, Of: "booking", Holder: "a"}
	for name, c := range map[string]struct {
		facts              []simcity.Fact
		end                time.Duration
		completed, counted int64
	}{
		"completed":              {[]simcity.Fact{enter, reach}, 0, 1, 1},
		"open for an hour":       {[]simcity.Fact{enter}, time.Hour, 0, 1},
		"open for less":          {[]simcity.Fact{enter}, time.Hour - 1, 0, 0},
		"entered again":          {[]simcity.Fact{enter, enter, reach}, 0, 1, 2},
		"completed twice":        {[]simcity.Fact{enter, reach, reach}, 0, 1, 1},
		"completed, not entered": {[]simcity.Fact{reach}, 0, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &funnels{open: make(map[use]time.Duration)}
			f.operation(&simcity.Operation{Facts: c.facts})
			f.latest = c.end
			require.Equal(t, c.completed, f.completed)
			require.Equal(t, c.counted, f.entered-f.recent())
		})
	}
}
