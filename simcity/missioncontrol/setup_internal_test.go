package missioncontrol

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/simcity"
)

var testTime = time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC)

func eventOf(actor, kind string, payload []byte) simcity.Event {
	return simcity.Event{Index: 7, Actor: actor, Type: kind, Payload: payload}
}

// The limits that the API tells are those of the engine.
func TestPolicyFieldsAreTheEngines(t *testing.T) {
	t.Parallel()
	try := func(name string, value float64) error {
		group, part, nested := cutLast(name)
		change := encode(map[string]any{name: value})
		if nested {
			change = encode(map[string]any{group: map[string]any{part: value}})
		}
		policies := simcity.DefaultPolicies()
		policies.VendorOpenHours = simcity.OpenHours{From: 0, To: 24}
		_, err := policies.With(change)
		return err
	}
	seen := 0
	for _, f := range policyFields() {
		seen++
		if f.Minimum == nil {
			continue
		}
		require.NoError(t, try(f.Name, *f.Minimum), f.Name)
		require.NoError(t, try(f.Name, *f.Maximum), f.Name)
		require.Error(t, try(f.Name, *f.Minimum-1), f.Name)
		require.Error(t, try(f.Name, *f.Maximum+1), f.Name)
	}
	require.Equal(t, 11, seen)
}

func cutLast(name string) (string, string, bool) {
	for i, c := range name {
		if c == '.' {
			return name[:i], name[i+1:], true
		}
	}
	return name, "", false
}
