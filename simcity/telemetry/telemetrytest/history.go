package telemetrytest

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/bookiji/simcity/simcity/telemetry"
)

// began is when all of History's runs begin, unless changed.
var began = time.Date(2026, 3, 1, 12, 0, 0, 123456000, time.UTC)

// RunID is a UUID made of a number.
func RunID(n int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", n) }

// NewRun is the row of a run that begins, with each field set.
func NewRun(n int) telemetry.Run {
	return telemetry.Run{
		ID: RunID(n), Tier: "simulation", Scenario: "baseline", Clock: "virtual", Seed: uint64(n), Concurrency: 50,
		MaxEvents: 1 << 40, DurationSeconds: 72000, StartedAt: began.Add(time.Duration(n) * time.Second), FailEventIndex: -1,
		Policies: json.RawMessage(`{"cancelChance":0.15}`),
	}
}

// End is the run as it ended, with each field set.
func End(run telemetry.Run, result string) telemetry.Run {
	run.EndedAt = run.StartedAt.Add(time.Minute)
	run.Result, run.Pass = result, result == "PASS"
	run.DurationSecondsActual = 71999.5
	run.EventCount, run.Digest = 3, digest(3)
	run.Commands, run.Summary = json.RawMessage(`[]`), json.RawMessage(`{"verdict":"`+result+`"}`)
	if !run.Pass {
		run.FailInvariant, run.FailEventIndex, run.FailForensic = "zero_double_bookings", 2, json.RawMessage(`{"got":"2"}`)
	}
	return run
}

// History is a batch of events from an index up to before another, chained, with
// a snapshot after every tenth.
func History(run telemetry.Run, from, to int64) telemetry.Batch {
	batch := telemetry.Batch{RunID: run.ID}
	for i := from; i < to; i++ {
		e := telemetry.Event{
			Index: i, At: time.Duration(i) * time.Second, Actor: fmt.Sprintf("customer/%d", i%7), Type: "operation",
			Payload: json.RawMessage(fmt.Sprintf(`{"number":%d,"operation":"book","outcome":"ok"}`, i)), ObservedAt: run.StartedAt,
			Before: digest(i), After: digest(i + 1),
		}
		if i%10 == 0 {
			batch.Snapshots = append(batch.Snapshots, telemetry.Snapshot{
				Index: i, CreatedAt: run.StartedAt,
				Metrics: json.RawMessage(fmt.Sprintf(`{"operations":%d}`, i)), State: json.RawMessage(`{"steady":true}`),
			})
			e.Context = json.RawMessage(`{"invariant":"latency"}`)
		}
		batch.Events = append(batch.Events, e)
	}
	return batch
}

func digest(i int64) string { return fmt.Sprintf("%032x", uint64(i)*0x9e3779b97f4a7c15) }

// Nasty are payloads that databases choke on, by name.
func Nasty() map[string]json.RawMessage {
	return map[string]json.RawMessage{
		"invalid UTF-8":      json.RawMessage("{\"text\":\"a\xff\xfeb\"}"),
		"NUL":                json.RawMessage("{\"text\":\"a\x00b\"}"),
		"escaped NUL":        json.RawMessage(`{"text":"a\u0000b"}`),
		"half a pair":        json.RawMessage(`{"text":"a\ud800b\udc00"}`),
		"a pair":             json.RawMessage(`{"text":"\ud83d\ude00"}`),
		"an escaped slash":   json.RawMessage(`{"text":"\\u0000"}`),
		"10 MB":              json.RawMessage(`{"text":"` + strings.Repeat("x", 10<<20) + `"}`),
		"NaN":                json.RawMessage(`{"value":NaN}`),
		"deep":               json.RawMessage(strings.Repeat(`{"a":`, 5000) + `1` + strings.Repeat(`}`, 5000)),
		"torn":               json.RawMessage(`{"text":"a`),
		"a huge number":      json.RawMessage(`{"value":1e100000}`),
		"a number of 64 bit": json.RawMessage(`{"value":18446744073709551615}`),
		"empty":              nil,
		"line feeds":         json.RawMessage("{\n\t\"text\": \"a\"\n}"),
		"separators":         json.RawMessage("{\"text\":\"\u2028\u2029é😀\"}"),
	}
}
