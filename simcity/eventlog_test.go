package simcity_test

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/bookiji/simcity/simcity"
)

// chained is the digest of an event after all before it, from its definition.
func chained(e simcity.Event) simcity.Digest {
	b := append([]byte(nil), e.Before[:]...)
	b = binary.AppendVarint(b, e.Index)
	b = binary.AppendVarint(b, int64(e.At))
	b = append(binary.AppendUvarint(b, uint64(len(e.Actor))), e.Actor...)
	b = append(binary.AppendUvarint(b, uint64(len(e.Type))), e.Type...)
	sum := sha256.Sum256(append(b, e.Payload...))
	return simcity.Digest(sum[:16])
}

func TestDigestsChainAllEvents(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		crowd := rapid.IntRange(1, 30).Draw(r, "crowd")
		seed := rapid.Uint64Range(0, 1<<63-1).Draw(r, "seed")
		minutes := rapid.IntRange(1, 90).Draw(r, "minutes")
		var events []simcity.Event
		s := busyCity().Populate(citizens("regular", crowd, regular)).Seed(seed).Until(time.Duration(minutes) * time.Minute).
			Watch(func(e simcity.Event) { events = append(events, e) })
		running, err := s.Start(t.Context())
		require.NoError(r, err)
		res := running.Wait()

		require.Len(r, events, int(res.Events))
		var before simcity.Digest
		var at time.Duration
		for i, e := range events {
			require.Equal(r, int64(i), e.Index, "indexes have no gaps")
			require.Equal(r, before, e.Before)
			require.Equal(r, chained(e), e.After)
			require.GreaterOrEqual(r, e.At, at, "time does not go back")
			require.True(r, json.Valid(e.Payload), "payload %s", e.Payload)
			before, at = e.After, e.At
		}
		require.Equal(r, res.Digest, before)
		require.Equal(r, simcity.EventRunStarted, events[0].Type)
		ends := slices.IndexFunc(events, func(e simcity.Event) bool { return e.Type == simcity.EventRunEnded })
		require.Positive(r, ends)
		for _, e := range events[ends+1:] {
			require.Equal(r, simcity.EventFinding, e.Type, "only the host's end is told after the run's")
		}
	})
}

func TestLastEventsAreThoseThatWereWatched(t *testing.T) {
	t.Parallel()
	var events []simcity.Event
	res := busyCity().Watch(func(e simcity.Event) { events = append(events, e) }).Simulate(t)
	require.Len(t, res.LastEvents, 50)
	require.Equal(t, events[len(events)-50:], res.LastEvents)
}

func TestDigestReadsWhatItWrites(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		var digest, again simcity.Digest
		copy(digest[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(r, "digest"))
		text, err := digest.MarshalText()
		require.NoError(r, err)
		require.NoError(r, again.UnmarshalText(text))
		require.Equal(r, digest, again)
	})
}

func TestNamesReadWhatTheyWrite(t *testing.T) {
	t.Parallel()
	type names struct {
		Outcome  simcity.Outcome
		When     simcity.When
		Severity simcity.Severity
		Fact     simcity.FactKind
	}
	for i := range uint8(2) {
		want := names{simcity.Outcome(i), simcity.When(i), simcity.Severity(i), simcity.FactKind(i + 1)}
		data, err := json.Marshal(want)
		require.NoError(t, err)
		var got names
		require.NoError(t, json.Unmarshal(data, &got), "%s", data)
		require.Equal(t, want, got)
	}
	require.ErrorContains(t, new(simcity.Outcome).UnmarshalText([]byte("odd")), `"odd"; allowed: ok, conflict, rejected, error`)
}

func FuzzReadBundle(f *testing.F) {
	f.Add([]byte(`{"version":1,"test":"TestX","result":{"verdict":"FAIL","seed":"7","digest":"00000000000000000000000000000000"}}`))
	f.Add([]byte(`{"version":1,"result":{"lastEvents":[{"index":-1}],"invariants":[{"when":"steady","severity":"critical"}]}}`))
	f.Add([]byte(`{"version":1,"result":{"digest":"0000000000000000000000000000000000000000000000000000"}}`))
	f.Add([]byte(`{"version":2,"result":{}}`))
	f.Add([]byte(`null`))
	path := filepath.Join(f.TempDir(), "bundle.json")
	f.Fuzz(func(t *testing.T, data []byte) {
		require.NoError(t, os.WriteFile(path, data, 0o600))
		bundle, err := simcity.ReadBundle(path)
		if err != nil {
			var field *simcity.FieldError
			require.ErrorAs(t, err, &field)
			return
		}
		require.NotNil(t, bundle.Result)
		for _, e := range bundle.Result.LastEvents {
			require.GreaterOrEqual(t, e.Index, int64(0))
		}
		_ = bundle.Result.Explain()
		_ = bundle.Result.Line()
	})
}

func FuzzPolicyChange(f *testing.F) {
	for _, change := range []string{
		`{}`, `{"cancelChance":0.5}`, `{"vendorOpenHours":{"from":1}}`, `{"cancelChance":1e999}`, `[]`, `null`, `{"tickSpeedMs":1.5}`,
		`{"cancelChance":0.1,"cancelChance":7}`, `{"cancelchance":7}`,
	} {
		f.Add([]byte(change))
	}
	f.Fuzz(func(t *testing.T, change []byte) {
		before := simcity.DefaultPolicies()
		after, err := before.With(change)
		if err != nil {
			var field *simcity.FieldError
			require.ErrorAs(t, err, &field)
			require.Equal(t, before, after)
			return
		}
		require.NoError(t, after.Validate())
		encoded, err := json.Marshal(after)
		require.NoError(t, err)
		again, err := before.With(encoded)
		require.NoError(t, err)
		require.Equal(t, after, again)
	})
}
