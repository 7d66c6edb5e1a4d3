package postgres_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/simcity/telemetry"
	"github.com/bookiji/simcity/simcity/telemetry/telemetrytest"
)

// What COPY gives a meaning to comes back as it was told.
func TestTextsThatCopyReadsDifferentlySurvive(t *testing.T) {
	t.Parallel()
	store, run := open(t, schema.Database(t)), telemetrytest.NewRun(1)
	require.NoError(t, store.BeginRun(t.Context(), run))
	texts := []string{`\`, `\\`, `\.`, `\N`, "\\\n", "a\tb", "\n", "\r\n", `x\ty`, "é\\😀", `"`, "", " ", "NULL", `\x41`}
	batch := telemetrytest.History(run, 0, int64(len(texts)))
	for i, text := range texts {
		quoted, err := json.Marshal(map[string]string{"text": text})
		require.NoError(t, err)
		e := &batch.Events[i]
		e.Actor, e.Type, e.Before, e.After = text, text, text, text
		e.Payload, e.Context = append(json.RawMessage("\n\t"), quoted...), quoted
	}
	require.NoError(t, store.Append(t.Context(), batch))
	got, err := store.Events(t.Context(), run.ID, 0, 100)
	require.NoError(t, err)
	require.Len(t, got, len(texts))
	for i, e := range got {
		require.JSONEq(t, string(batch.Events[i].Payload), string(e.Payload))
		require.JSONEq(t, string(batch.Events[i].Context), string(e.Context))
		e.Payload, e.Context = batch.Events[i].Payload, batch.Events[i].Context
		require.Equal(t, batch.Events[i], e)
	}
}

// A replay begins with rows that are there. The batch that finds one is inserted
// row by row, and so are those after it, until one is new from end to end.
func TestCopyPausesWhileRowsAreThere(t *testing.T) {
	t.Parallel()
	store, run := open(t, schema.Database(t)), telemetrytest.NewRun(1)
	require.NoError(t, store.BeginRun(t.Context(), run))
	for _, step := range []struct {
		from, to int64
		doubtful bool
	}{
		{0, 30, false}, {0, 20, true}, {20, 40, true}, {40, 60, false}, {60, 80, false}, {79, 81, true},
	} {
		require.NoError(t, store.Append(t.Context(), telemetrytest.History(run, step.from, step.to)))
		require.Equal(t, step.doubtful, store.Doubtful(run.ID), "events %d to %d", step.from, step.to)
	}
	chain, err := telemetry.Verify(t.Context(), store, run.ID)
	require.NoError(t, err)
	require.EqualValues(t, 81, chain.Events())
	require.NoError(t, store.EndRun(t.Context(), telemetrytest.End(run, "STOPPED")))
	require.False(t, store.Doubtful(run.ID), "a run that has ended is forgotten")
}

// Postgres lets nobody COPY into a table whose row-level security holds for them.
func TestRoleUnderRowLevelSecurityInserts(t *testing.T) {
	t.Parallel()
	address, run := schema.Database(t), telemetrytest.NewRun(1)
	for _, table := range []string{"simcity_runs", "simcity_run_events", "simcity_run_snapshots", "simcity_run_live"} {
		execute(t, address, "GRANT INSERT, UPDATE ON "+table+" TO authenticated; CREATE POLICY team ON "+table+" FOR ALL TO authenticated USING (true) WITH CHECK (true)")
	}
	store := open(t, address+"&role=authenticated")
	require.NoError(t, store.BeginRun(t.Context(), run))
	for from := int64(0); from < 60; from += 20 {
		require.NoError(t, store.Append(t.Context(), telemetrytest.History(run, from, from+20)))
		require.True(t, store.Uncopied())
	}
	chain, err := telemetry.Verify(t.Context(), store, run.ID)
	require.NoError(t, err)
	require.EqualValues(t, 60, chain.Events())
}

// A project's own table may have columns of other types.
func TestColumnsOfOtherTypesAreCopiedToo(t *testing.T) {
	t.Parallel()
	address, run := schema.Database(t), telemetrytest.NewRun(1)
	execute(t, address, "ALTER TABLE simcity_run_events ALTER event_index TYPE bigint, ALTER event_payload TYPE json, ALTER state_digest_after TYPE varchar(64)")
	store := open(t, address)
	require.NoError(t, store.BeginRun(t.Context(), run))
	require.NoError(t, store.Append(t.Context(), telemetrytest.History(run, 0, 20)))
	require.False(t, store.Uncopied() || store.Doubtful(run.ID))
	_, err := telemetry.Verify(t.Context(), store, run.ID)
	require.NoError(t, err)
}
