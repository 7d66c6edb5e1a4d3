package telemetry_test

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/bookiji/simcity/simcity"
	"github.com/bookiji/simcity/simcity/telemetry"
	"github.com/bookiji/simcity/simcity/telemetry/telemetrytest"
)

func TestSafeFormsAreThoseOfTheManual(t *testing.T) {
	t.Parallel()
	nasty := telemetrytest.Nasty()
	for name, want := range map[string]string{
		"invalid UTF-8":      "{\"text\":\"a\uFFFD\uFFFDb\"}",
		"escaped NUL":        `{"text":"a␀b"}`,
		"half a pair":        "{\"text\":\"a\uFFFDb\uFFFD\"}",
		"a pair":             `{"text":"\ud83d\ude00"}`,
		"an escaped slash":   `{"text":"\\u0000"}`,
		"a number of 64 bit": `{"value":18446744073709551615}`,
		"empty":              `{}`,
		"line feeds":         "{\n\t\"text\": \"a\"\n}",
		"separators":         "{\"text\":\"\u2028\u2029é😀\"}",
	} {
		require.Equal(t, want, string(telemetry.Safe(nasty[name])), name)
	}
	for name, why := range map[string]string{
		"NUL": "no JSON", "10 MB": "longer than 1048576 bytes", "NaN": "no JSON", "deep": "deeper than 100 levels",
		"torn": "no JSON", "a huge number": "a number beyond all databases",
	} {
		var got struct {
			SimcityUnsafe struct {
				Why, SHA256, Text string
				Bytes             int
			}
		}
		require.NoError(t, json.Unmarshal(telemetry.Safe(nasty[name]), &got), name)
		require.Equal(t, why, got.SimcityUnsafe.Why, name)
		require.Equal(t, len(nasty[name]), got.SimcityUnsafe.Bytes, name)
		require.Len(t, got.SimcityUnsafe.SHA256, 64)
		require.LessOrEqual(t, len(got.SimcityUnsafe.Text), 64<<10)
		require.NotContains(t, got.SimcityUnsafe.Text, "\x00")
	}
}

func TestSafePayloadsAreJSONThatAnyDatabaseHolds(t *testing.T) {
	t.Parallel()
	bits := []string{`"`, `\`, `\u0000`, `\ud800`, `\udc00`, "\x00", "\xff", "é", "{", "}", "[", "]", `"a"`, ":", ",", "1", "e", "E", "-", "1e9999", "null", "true", " ", "\n", `"k":`}
	rapid.Check(t, func(r *rapid.T) {
		payload := json.RawMessage(strings.Join(rapid.SliceOf(rapid.SampledFrom(bits)).Draw(r, "payload"), ""))
		if rapid.Bool().Draw(r, "as a string") {
			payload = json.RawMessage(`{"text":"` + strings.ReplaceAll(string(payload), `"`, "") + `"}`)
		}
		safe := telemetry.Safe(payload)
		require.True(r, json.Valid(safe), "%q", safe)
		require.True(r, utf8.Valid(safe), "%q", safe)
		require.NotContains(r, strings.ReplaceAll(string(safe), `\\`, ""), `\u0000`)
		require.Equal(r, string(safe), string(telemetry.Safe(safe)), "safe stays safe")
	})
}

func TestFiguresThatJSONCannotTellAreNamed(t *testing.T) {
	inBubble(t, func(d *desk) {
		d.begin()
		shot := snapshot(0)
		shot.Gauges["broken"], shot.DriftMillis = math.NaN(), math.Inf(1)
		odd := event(0)
		odd.Actor, odd.Type = "cust\xffomer\x00", "type\x00"
		d.rec.Record(odd, shot)
		d.told = 1
		require.NoError(d, d.rec.End(&simcity.Result{
			Verdict: simcity.Pass, Events: 1, Digest: digestOf(1), Metrics: shot,
			Invariants: []simcity.InvariantResult{{Judgement: simcity.Judgement{Bound: math.Inf(-1), Value: math.NaN()}}},
		}))
		run := d.whole()
		require.Contains(d, string(run.Summary), fmt.Sprintf(`"bound":%g`, -math.MaxFloat64))
		shots, err := d.memory.Snapshots(d.Context(), runID, 0, 1)
		require.NoError(d, err)
		require.Contains(d, string(shots[0].State), `"notFinite":["broken","driftMillis"]`)
		require.NotContains(d, string(shots[0].Metrics), "broken")
		require.True(d, math.IsNaN(shot.Gauges["broken"]), "the run's own snapshot stays")
		events, err := d.memory.Events(d.Context(), runID, 0, 1)
		require.NoError(d, err)
		require.Equal(d, "cust\uFFFDomer␀", events[0].Actor)
		require.Equal(d, "type␀", events[0].Type)
	})
}

// Every nasty payload goes through the whole delivery, the file included.
func TestNastyPayloadsSurviveTheFile(t *testing.T) {
	inBubble(t, func(d *desk) {
		down := d.down(errDown)
		d.options.QueueEvents, d.options.SpillBytes = 2, 1<<30
		d.begin()
		down.Store(true)
		var want []json.RawMessage
		for _, payload := range telemetrytest.Nasty() {
			e := event(d.told)
			e.Payload = payload
			d.rec.Record(e, snapshot(d.told))
			d.told++
			want = append(want, telemetry.Safe(payload))
		}
		down.Store(false)
		require.NoError(d, d.end())
		events, err := d.memory.Events(d.Context(), runID, 0, 100)
		require.NoError(d, err)
		require.Len(d, events, len(want))
		for i := range want {
			require.JSONEq(d, string(want[i]), string(events[i].Payload))
		}
	})
}
