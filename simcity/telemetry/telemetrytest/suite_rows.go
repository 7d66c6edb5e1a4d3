package telemetrytest

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/bookiji/simcity/simcity/telemetry"
)

func rowsComeBack(b *bench) {
	run := b.begun(1)
	batch := History(run, 0, 25)
	b.ok(b.store.Append(b.ctx, batch))
	same(b, batch.Events, b.events(run, 0, 100), "events")
	snapshots, err := b.store.Snapshots(b.ctx, run.ID, 0, 100)
	b.ok(err)
	same(b, batch.Snapshots, snapshots, "snapshots")
	b.ok(b.store.Append(b.ctx, telemetry.Batch{RunID: run.ID}))
	b.ok(new(telemetry.Chain).Add(b.all(run)...))
}

func duplicateBatch(b *bench) {
	run := b.begun(1)
	batch := History(run, 0, 30)
	b.ok(b.store.Append(b.ctx, batch))
	other := History(run, 0, 30)
	for i := range other.Events {
		other.Events[i].Type = "another"
	}
	for i := range other.Snapshots {
		other.Snapshots[i].Metrics = json.RawMessage(`{"another":1}`)
	}
	b.ok(b.store.Append(b.ctx, batch))
	b.ok(b.store.Append(b.ctx, other))
	same(b, batch.Events, b.all(run), "the first rows stay")
	snapshots, err := b.store.Snapshots(b.ctx, run.ID, 0, 100)
	b.ok(err)
	same(b, batch.Snapshots, snapshots, "the first snapshots stay")
	twice := History(run, 30, 40)
	twice.Events = append(twice.Events, twice.Events...)
	twice.Snapshots = append(twice.Snapshots, twice.Snapshots...)
	b.ok(b.store.Append(b.ctx, twice))
	same(b, History(run, 0, 40).Events, b.all(run), "a batch with each row twice")
}

func overlappingBatches(b *bench) {
	run := b.begun(1)
	for _, span := range [][2]int64{{0, 20}, {10, 30}, {5, 35}, {34, 50}} {
		b.ok(b.store.Append(b.ctx, History(run, span[0], span[1])))
	}
	same(b, History(run, 0, 50).Events, b.all(run), "events")
}

func anyOrder(b *bench) {
	run := b.begun(1)
	b.ok(b.store.Append(b.ctx, History(run, 50, 100)))
	b.ok(b.store.Append(b.ctx, History(run, 0, 50)))
	same(b, History(run, 0, 100).Events, b.all(run), "events")
}

func pageBounds(b *bench) {
	run := b.begun(1)
	const events = 1005
	b.ok(b.store.Append(b.ctx, History(run, 0, events)))
	for _, c := range []struct {
		from        int64
		limit       int
		first, many int64
	}{
		{0, 1, 0, 1}, {0, 0, 0, 100}, {0, -1, 0, 1}, {0, 1000, 0, 1000}, {0, 5000, 0, 1000},
		{-10, 2, 0, 2}, {1000, 1000, 1000, 5}, {events - 1, 10, events - 1, 1}, {events, 10, 0, 0}, {1 << 40, 10, 0, 0},
	} {
		got := b.events(run, c.from, c.limit)
		if int64(len(got)) != c.many || c.many > 0 && (got[0].Index != c.first || got[c.many-1].Index != c.first+c.many-1) {
			b.Fatalf("from %d, limit %d: got %d events, want %d from %d on", c.from, c.limit, len(got), c.many, c.first)
		}
	}
}

func snapshotPages(b *bench) {
	run := b.begun(1)
	b.ok(b.store.Append(b.ctx, History(run, 0, 100)))
	got, err := b.store.Snapshots(b.ctx, run.ID, 31, 3)
	b.ok(err)
	if len(got) != 3 || got[0].Index != 40 || got[2].Index != 60 {
		b.Fatalf("from 31: got %s", show(got))
	}
	got, err = b.store.Snapshots(b.ctx, run.ID, 91, 3)
	b.ok(err)
	if len(got) != 0 {
		b.Fatalf("behind the last: got %s", show(got))
	}
}

func liveRow(b *bench) {
	run := b.begun(1)
	live, err := b.store.Live(b.ctx, run.ID)
	b.ok(err)
	if !live.HeartbeatAt.IsZero() || live.RunID != run.ID {
		b.Fatalf("before the first heartbeat: got %s", show(live))
	}
	tell := func(second int, status string) telemetry.Live {
		row := telemetry.Live{
			RunID: run.ID, Status: status, LastEventIndex: int64(second), HeartbeatAt: began.Add(time.Duration(second) * time.Second),
			Metrics: json.RawMessage(fmt.Sprintf(`{"operations":%d}`, second)), Message: "going on",
		}
		b.ok(b.store.Append(b.ctx, telemetry.Batch{RunID: run.ID, Live: &row}))
		return row
	}
	first := tell(1, telemetry.StatusRunning)
	live, err = b.store.Live(b.ctx, run.ID)
	b.ok(err)
	same(b, first, live, "the first heartbeat")
	tell(1, telemetry.StatusRunning)
	last := tell(3, telemetry.StatusCompleted)
	tell(2, telemetry.StatusRunning)
	live, err = b.store.Live(b.ctx, run.ID)
	b.ok(err)
	same(b, last, live, "one that comes late changes nothing")
}

func nastyPayloads(b *bench) {
	run := b.begun(1)
	batch := telemetry.Batch{RunID: run.ID}
	var names []string
	for name, payload := range Nasty() {
		e := History(run, int64(len(names)), int64(len(names))+1).Events[0]
		e.Payload, e.Context = telemetry.Safe(payload), nil
		batch.Events = append(batch.Events, e)
		names = append(names, name)
	}
	b.ok(b.store.Append(b.ctx, batch))
	got := b.all(run)
	if len(got) != len(names) {
		b.Fatalf("%d events came back, not %d", len(got), len(names))
	}
	for i, name := range names {
		same(b, batch.Events[i], got[i], name)
	}
}

func bigBatch(b *bench) {
	run := b.begun(1)
	const events = 5000
	batch := History(run, 0, events)
	b.ok(b.store.Append(b.ctx, batch))
	got := b.all(run)
	if len(got) != events {
		b.Fatalf("%d events came back, not %d", len(got), events)
	}
	b.ok(new(telemetry.Chain).Add(got...))
}

func purge(b *bench) {
	for n := range 4 {
		run := b.begun(n)
		b.ok(b.store.Append(b.ctx, History(run, 0, 20)))
		b.ok(b.store.EndRun(b.ctx, End(run, "PASS")))
	}
	policy := telemetry.PurgePolicy{Before: End(NewRun(2), "PASS").EndedAt, DryRun: true}
	want := telemetry.Purged{Runs: []string{RunID(0), RunID(1)}, Events: 40, Snapshots: 4}
	got, err := b.store.Purge(b.ctx, policy)
	b.ok(err)
	same(b, want, got, "the dry run")
	if events := b.all(NewRun(0)); len(events) != 20 {
		b.Fatal("a dry run deletes nothing")
	}
	policy.DryRun = false
	got, err = b.store.Purge(b.ctx, policy)
	b.ok(err)
	same(b, want, got, "the purge")
	_, err = b.store.Events(b.ctx, RunID(0), 0, 1)
	b.is(err, telemetry.ErrNoRun, "a run that is gone")
	if events := b.all(NewRun(2)); len(events) != 20 {
		b.Fatal("younger runs stay whole")
	}
	got, err = b.store.Purge(b.ctx, policy)
	b.ok(err)
	if len(got.Runs) != 0 {
		b.Fatalf("the second purge finds nothing: got %s", show(got))
	}
	run := b.begun(0) // its rows are gone as well
	if events := b.all(run); len(events) != 0 {
		b.Fatalf("%d events of the run before are left", len(events))
	}
}

func purgeLiving(b *bench) {
	living, dead := b.begun(1), b.begun(2)
	beat := began.Add(time.Hour)
	b.ok(b.store.Append(b.ctx, telemetry.Batch{RunID: living.ID, Live: &telemetry.Live{Status: telemetry.StatusRunning, HeartbeatAt: beat}}))
	got, err := b.store.Purge(b.ctx, telemetry.PurgePolicy{Before: beat})
	b.ok(err)
	same(b, []string{dead.ID}, got.Runs, "the one that was never heard of again")
	got, err = b.store.Purge(b.ctx, telemetry.PurgePolicy{Synthetic: true})
	b.ok(err)
	same(b, []string{living.ID}, got.Runs, "all of them")
}

func purgeNothing(b *bench) {
	b.begun(1)
	if _, err := b.store.Purge(b.ctx, telemetry.PurgePolicy{}); err == nil {
		b.Fatal("a policy without a field set must be refused")
	}
}
