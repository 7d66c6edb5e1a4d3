package postgres_test

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/internal/parts"
	"github.com/bookiji/simcity/simcity/telemetry"
	"github.com/bookiji/simcity/simcity/telemetry/telemetrytest"
)

// rowsTotal is how many events each way brings in.
const rowsTotal = 40_000

// events is a batch of payloads of the size that the baseline has.
func events(run telemetry.Run, from, to int64) telemetry.Batch {
	batch := telemetrytest.History(run, from, to)
	payload := json.RawMessage(`{"number":7,"operation":"book","outcome":"ok","status":201,"startNanos":7200000000000,"input":"` + strings.Repeat("x", 100) + `"}`)
	for i := range batch.Events {
		batch.Events[i].Payload, batch.Events[i].Context = payload, nil
	}
	batch.Snapshots = nil
	return batch
}

// Rows per second of the store against psql's \copy of the same rows into the same
// table, in turns, the best of eight each.
func BenchmarkAppend(b *testing.B) {
	if _, err := exec.LookPath("psql"); err != nil {
		parts.Demand(b, "postgres", err)
		b.Skip("Postgres has no psql here")
	}
	address := schema.Database(b)
	store, ctx := open(b, address), context.Background()
	next := 0
	begin := func() telemetry.Run {
		next++
		run := telemetrytest.NewRun(next)
		require.NoError(b, store.BeginRun(ctx, run))
		return run
	}
	var batches []telemetry.Batch
	for from := int64(0); from < rowsTotal; from += 1000 {
		batches = append(batches, events(telemetrytest.NewRun(0), from, from+1000))
	}
	for range b.N {
		best := map[string]time.Duration{}
		for range 8 {
			for way, bring := range map[string]func(telemetry.Run) time.Duration{
				"store": func(run telemetry.Run) time.Duration {
					began := time.Now()
					for _, batch := range batches {
						batch.RunID = run.ID
						require.NoError(b, store.Append(ctx, batch))
					}
					return time.Since(began)
				},
				"copy": func(run telemetry.Run) time.Duration { return copied(b, address, run, batches) },
			} {
				execute(b, address, "CHECKPOINT")
				took := bring(begin())
				execute(b, address, "TRUNCATE simcity_run_events")
				if best[way] == 0 || took < best[way] {
					best[way] = took
				}
			}
		}
		b.ReportMetric(rowsTotal/best["store"].Seconds(), "rows/s")
		b.ReportMetric(rowsTotal/best["copy"].Seconds(), "copy-rows/s")
		b.ReportMetric(best["copy"].Seconds()/best["store"].Seconds(), "ratio")
	}
	b.ReportMetric(0, "ns/op")
}

// copied is how long psql takes for the same rows.
func copied(b *testing.B, address string, run telemetry.Run, batches []telemetry.Batch) time.Duration {
	b.Helper()
	path := filepath.Join(b.TempDir(), "events.csv")
	file, err := os.Create(path)
	require.NoError(b, err)
	rows := csv.NewWriter(file)
	for _, batch := range batches {
		for _, e := range batch.Events {
			require.NoError(b, rows.Write([]string{
				run.ID, fmt.Sprint(e.Index), e.Type, string(e.Payload), e.Actor, fmt.Sprint(int64(e.At)), e.ObservedAt.Format(time.RFC3339Nano), e.Before, e.After, "",
			}))
		}
	}
	rows.Flush()
	require.NoError(b, rows.Error())
	require.NoError(b, file.Close())
	config, err := pgx.ParseConfig(address)
	require.NoError(b, err)
	command := exec.Command("psql", "-X", "-q", "-h", config.Host, "-p", fmt.Sprint(config.Port), "-U", config.User, "-d", config.Database, "-v", "ON_ERROR_STOP=1", "-c",
		`\copy simcity_run_events (run_id, event_index, event_type, event_payload, actor, simulated_nanos, observed_at, state_digest_before, state_digest_after, invariant_context) from '`+path+`' csv`)
	command.Env = append(os.Environ(), "PGPASSWORD="+config.Password)
	began := time.Now()
	said, err := command.CombinedOutput()
	require.NoError(b, err, string(said))
	return time.Since(began)
}

// What a batch of 1000 events takes, one at a time.
func BenchmarkBatch(b *testing.B) {
	store, ctx := open(b, schema.Database(b)), context.Background()
	run := telemetrytest.NewRun(1)
	require.NoError(b, store.BeginRun(ctx, run))
	var from int64
	for b.Loop() {
		require.NoError(b, store.Append(ctx, events(run, from, from+1000)))
		from += 1000
	}
}
