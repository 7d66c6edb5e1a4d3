package postgres_test

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/internal/cputime"
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

// The store against psql's \copy of the same rows into the same table, in turns:
// rows per second, and the ratio of each round, in wall time and in the processor
// time of client and server together, which a busy machine disturbs less. The
// medians are told. Three rounds show that it works; -benchtime 9x gives a steady
// figure.
func BenchmarkAppend(b *testing.B) {
	if _, err := exec.LookPath("psql"); err != nil {
		parts.Demand(b, "postgres", err)
		b.Skip("Postgres has no psql here")
	}
	address := schema.Database(b)
	store, ctx := open(b, address), context.Background()
	batches := batchesOf(rowsTotal)
	server := postmaster(b, address)
	next := 0
	measure := func(bring func(telemetry.Run) cost) cost {
		next++
		run := telemetrytest.NewRun(next)
		require.NoError(b, store.BeginRun(ctx, run))
		execute(b, address, "CHECKPOINT")
		used := server.used(b)
		spent := bring(run)
		spent.cpu += server.used(b) - used
		execute(b, address, "TRUNCATE simcity_run_events")
		return spent
	}
	ways := []func(telemetry.Run) cost{
		func(run telemetry.Run) cost { return appended(b, store, run, batches) },
		func(run telemetry.Run) cost { return copied(b, address, run, batches) },
	}
	var rows, wall, cpu []float64
	for round := range max(b.N, 3) {
		var spent [2]cost
		for i := range ways {
			way := (i + round) % 2 // neither is always the first
			spent[way] = measure(ways[way])
		}
		rows = append(rows, rowsTotal/spent[0].wall.Seconds())
		wall = append(wall, spent[1].wall.Seconds()/spent[0].wall.Seconds())
		cpu = append(cpu, spent[1].cpu.Seconds()/spent[0].cpu.Seconds())
	}
	b.ReportMetric(median(rows), "rows/s")
	b.ReportMetric(median(wall), "ratio")
	b.ReportMetric(median(cpu), "cpu-ratio")
	b.ReportMetric(0, "ns/op")
}

// cost is what bringing in rows took.
type cost struct{ wall, cpu time.Duration }

func median(of []float64) float64 {
	slices.Sort(of)
	return of[len(of)/2]
}

func batchesOf(rows int64) (batches []telemetry.Batch) {
	for from := int64(0); from < rows; from += 1000 {
		batches = append(batches, events(telemetrytest.NewRun(0), from, from+1000))
	}
	return batches
}

// appended is what the store takes.
func appended(b *testing.B, store telemetry.Store, run telemetry.Run, batches []telemetry.Batch) cost {
	b.Helper()
	began, used := time.Now(), cputime.Used()
	for _, batch := range batches {
		batch.RunID = run.ID
		require.NoError(b, store.Append(context.Background(), batch))
	}
	return cost{time.Since(began), cputime.Used() - used}
}

// processes are a server's, told by the number of the first.
type processes int

func postmaster(b *testing.B, address string) processes {
	b.Helper()
	conn, err := pgx.Connect(b.Context(), address)
	require.NoError(b, err)
	defer conn.Close(context.Background())
	var file string
	require.NoError(b, conn.QueryRow(b.Context(), "SELECT pg_read_file('postmaster.pid')").Scan(&file))
	number, _, _ := strings.Cut(file, "\n")
	pid, err := strconv.Atoi(number)
	require.NoError(b, err)
	return processes(pid)
}

// used is the processor time of the server, with all of its processes that live and
// that have ended. Where there is no /proc it is 0, and the ratio one of clients.
func (p processes) used(b *testing.B) (used time.Duration) {
	b.Helper()
	const tick = 10 * time.Millisecond
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	require.NoError(b, err)
	for _, path := range stats {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // it has just ended
		}
		_, rest, _ := strings.Cut(string(text), ") ")
		fields := strings.Fields(rest) // from the third on: state, parent, ...
		ticks := func(from int) time.Duration {
			user, _ := strconv.Atoi(fields[from])
			system, _ := strconv.Atoi(fields[from+1])
			return time.Duration(user+system) * tick
		}
		switch {
		case filepath.Base(filepath.Dir(path)) == strconv.Itoa(int(p)):
			used += ticks(11) + ticks(13)
		case len(fields) > 13 && fields[1] == strconv.Itoa(int(p)):
			used += ticks(11)
		}
	}
	return used
}

// copied is what psql takes for the same rows.
func copied(b *testing.B, address string, run telemetry.Run, batches []telemetry.Batch) cost {
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
	return cost{time.Since(began), command.ProcessState.UserTime() + command.ProcessState.SystemTime()}
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
