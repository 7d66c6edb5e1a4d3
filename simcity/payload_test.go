package simcity

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestStringsInPayloadsAreThoseOfJSON(t *testing.T) {
	t.Parallel()
	anyString := rapid.OneOf(rapid.String(), rapid.StringOf(rapid.RuneFrom([]rune("\"\\<>&\x00\x1f\x7f\u2028é😀~ a"))),
		rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }))
	rapid.Check(t, func(r *rapid.T) {
		s := anyString.Draw(r, "s")
		want, err := json.Marshal(s)
		require.NoError(r, err)
		require.Equal(r, string(want), string(appendString(nil, s)))
	})
}

func TestOperationsAndFactsAreToldAsJSON(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		text := func(name string) string { return rapid.String().Draw(r, name) }
		op := &Operation{
			Number: 1, Name: text("name"), Input: text("input"), Err: text("err"), Status: 200,
			Facts: []Fact{{
				Kind: Held, ID: text("id"), Resource: text("resource"), Holder: text("holder"), Detail: text("detail"),
				Start: time.Unix(rapid.Int64Range(0, 1<<33).Draw(r, "start"), 0), Capacity: 2, Amount: -1, Same: true,
			}, {Kind: Saw}},
		}
		payload := op.payload(nil)
		var told struct {
			Operation, Input, Error string
			Facts                   []Fact
		}
		require.True(r, json.Valid(payload), "%s", payload)
		if err := json.Unmarshal(payload, &told); err == nil {
			require.Len(r, told.Facts, 2)
		}
	})
}

func TestEveryFactKindHasAName(t *testing.T) {
	t.Parallel()
	for kind := Offered; kind <= Sought; kind++ {
		require.NotEmpty(t, kind.String())
		require.NotContains(t, kind.String(), "(")
	}
	require.Equal(t, []string{"saw", "denied", "sought"}, []string{Saw.String(), Denied.String(), Sought.String()})
	require.Len(t, factNames, int(Sought)+1)
	for _, odd := range []fmt.Stringer{FactKind(200), Outcome(200), When(200), Severity(200), FindingSeverity(200)} {
		require.Contains(t, odd.String(), "200")
	}
}

func TestStreamsDependOnSeedAndNameAlone(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		seed := rapid.Uint64().Draw(r, "seed")
		names := rapid.SliceOfNDistinct(rapid.String(), 2, 2, rapid.ID[string]).Draw(r, "names")
		first, second := stream(seed, names[0]), stream(seed, names[1])
		require.NotEqual(r, first.Uint64(), second.Uint64())
		require.Equal(r, stream(seed, names[0]).Uint64(), stream(seed, names[0]).Uint64())
		require.NotEqual(r, stream(seed, names[0]).Uint64(), stream(seed+1, names[0]).Uint64())
	})
}
