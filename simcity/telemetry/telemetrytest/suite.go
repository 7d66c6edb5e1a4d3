package telemetrytest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/bookiji/simcity/simcity/telemetry"
)

// Run tests a store. open returns an empty one.
func Run(t *testing.T, open func(t *testing.T) telemetry.Store) {
	for _, test := range []struct {
		name string
		run  func(*bench)
	}{
		{"runs come back as they were told", runsComeBack},
		{"a run that began twice began once", beginTwice},
		{"a run ends once", endTwice},
		{"an unknown run is ErrNoRun everywhere", unknownRun},
		{"rows come back as they were told", rowsComeBack},
		{"a batch that comes twice changes nothing", duplicateBatch},
		{"batches that overlap leave each row once", overlappingBatches},
		{"rows come back in order however they came", anyOrder},
		{"pages have bounds", pageBounds},
		{"snapshots are paged by event", snapshotPages},
		{"runs are filtered", filters},
		{"runs are paged, also within a microsecond", runPages},
		{"the live row is the latest", liveRow},
		{"runs at a time do not mix", concurrentRuns},
		{"all 64 bits of a seed survive", seeds},
		{"nasty payloads are kept in their safe form", nastyPayloads},
		{"a big batch is one batch", bigBatch},
		{"what was cancelled is refused and nothing is half done", cancelled},
		{"purge counts first and deletes then", purge},
		{"purge spares the living unless it takes all", purgeLiving},
		{"a purge that says nothing is refused", purgeNothing},
		{"migrating again changes nothing", migrateAgain},
		{"requests are claimed once and finished", requests},
		{"requests that nobody could keep are refused", requestMistakes},
		{"a dead runner's request is taken over", takeover},
		{"stops are asked for", askStop},
		{"runners do not share a request", racingRunners},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			store := open(t)
			test.run(&bench{T: t, ctx: t.Context(), store: store})
		})
	}
}

// bench is what each test works on.
type bench struct {
	*testing.T
	ctx   context.Context
	store telemetry.Store
}

// ok ends the test at an error.
func (b *bench) ok(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// is ends the test at an error that is another one.
func (b *bench) is(err, want error, what string) {
	b.Helper()
	if !errors.Is(err, want) {
		b.Fatalf("%s: got error %v, want %v", what, err, want)
	}
}

// same ends the test where two values differ. Documents are compared as JSON,
// since a database may write them in its own way.
func same[T any](b *bench, want, got T, what string) {
	b.Helper()
	if !reflect.DeepEqual(plain(want), plain(got)) {
		b.Fatalf("%s:\n got %s\nwant %s", what, show(got), show(want))
	}
}

func plain(v any) any {
	var p any
	if err := json.Unmarshal([]byte(show(v)), &p); err != nil {
		panic(err)
	}
	return p
}

func show(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// begun tells the store of a run.
func (b *bench) begun(n int) telemetry.Run {
	b.Helper()
	run := NewRun(n)
	b.ok(b.store.BeginRun(b.ctx, run))
	return run
}

func (b *bench) events(run telemetry.Run, from int64, limit int) []telemetry.Event {
	b.Helper()
	events, err := b.store.Events(b.ctx, run.ID, from, limit)
	b.ok(err)
	return events
}

func (b *bench) all(run telemetry.Run) []telemetry.Event {
	b.Helper()
	var all []telemetry.Event
	for {
		page := b.events(run, int64(len(all)), telemetry.LimitMax)
		if len(page) == 0 {
			return all
		}
		all = append(all, page...)
	}
}

func runsComeBack(b *bench) {
	run := b.begun(1)
	got, err := b.store.Run(b.ctx, run.ID)
	b.ok(err)
	same(b, run, got, "the run that began")
	if got.Ended() {
		b.Fatal("it has not ended")
	}
	end := End(run, "FAIL")
	b.ok(b.store.EndRun(b.ctx, end))
	got, err = b.store.Run(b.ctx, run.ID)
	b.ok(err)
	same(b, end, got, "the run that ended")
}

func beginTwice(b *bench) {
	run := b.begun(1)
	again := run
	again.Scenario = "another"
	b.ok(b.store.BeginRun(b.ctx, again))
	got, err := b.store.Run(b.ctx, run.ID)
	b.ok(err)
	same(b, run, got, "the first one stays")
}

func endTwice(b *bench) {
	run := b.begun(1)
	end := End(run, "PASS")
	b.ok(b.store.EndRun(b.ctx, end))
	b.ok(b.store.EndRun(b.ctx, End(run, "FAIL")))
	b.ok(b.store.BeginRun(b.ctx, run))
	got, err := b.store.Run(b.ctx, run.ID)
	b.ok(err)
	same(b, end, got, "the first end stays")
}

func unknownRun(b *bench) {
	id := RunID(404)
	_, err := b.store.Run(b.ctx, id)
	b.is(err, telemetry.ErrNoRun, "Run")
	_, err = b.store.Live(b.ctx, id)
	b.is(err, telemetry.ErrNoRun, "Live")
	_, err = b.store.Events(b.ctx, id, 0, 1)
	b.is(err, telemetry.ErrNoRun, "Events")
	_, err = b.store.Snapshots(b.ctx, id, 0, 1)
	b.is(err, telemetry.ErrNoRun, "Snapshots")
	b.is(b.store.EndRun(b.ctx, End(NewRun(404), "PASS")), telemetry.ErrNoRun, "EndRun")
	err = b.store.Append(b.ctx, History(NewRun(404), 0, 1))
	b.is(err, telemetry.ErrNoRun, "Append")
	if telemetry.Transient(err) {
		b.Fatal("an unknown run does not pass by itself")
	}
}

func seeds(b *bench) {
	for n, seed := range []uint64{0, 1 << 53, 1<<63 - 1, 1 << 63, 1<<64 - 1} {
		run := NewRun(n)
		run.Seed = seed
		b.ok(b.store.BeginRun(b.ctx, run))
		found, err := b.store.Runs(b.ctx, telemetry.RunFilter{Seed: &seed})
		b.ok(err)
		if len(found) != 1 || found[0].Seed != seed {
			b.Fatalf("seed %d: got %s", seed, show(found))
		}
	}
}

func filters(b *bench) {
	for n := range 6 {
		run := NewRun(n)
		if n%2 == 1 {
			run.Scenario = "soak"
		}
		b.ok(b.store.BeginRun(b.ctx, run))
		if n >= 2 {
			b.ok(b.store.EndRun(b.ctx, End(run, []string{"PASS", "FAIL", "STOPPED", "INCONCLUSIVE"}[n-2])))
		}
	}
	three := uint64(3)
	for _, c := range []struct {
		filter telemetry.RunFilter
		want   []int
	}{
		{telemetry.RunFilter{}, []int{5, 4, 3, 2, 1, 0}},
		{telemetry.RunFilter{Scenario: "soak"}, []int{5, 3, 1}},
		{telemetry.RunFilter{Result: "FAIL"}, []int{3}},
		{telemetry.RunFilter{Seed: &three}, []int{3}},
		{telemetry.RunFilter{Before: NewRun(3).StartedAt}, []int{2, 1, 0}},
		{telemetry.RunFilter{Scenario: "soak", Before: NewRun(5).StartedAt}, []int{3, 1}},
		{telemetry.RunFilter{Scenario: "soak", Result: "PASS"}, nil},
		{telemetry.RunFilter{Scenario: "' OR 1=1 --"}, nil},
		{telemetry.RunFilter{Limit: 2}, []int{5, 4}},
		{telemetry.RunFilter{Limit: -5}, []int{5}},
	} {
		found, err := b.store.Runs(b.ctx, c.filter)
		b.ok(err)
		var got []int
		for _, run := range found {
			got = append(got, int(run.Seed))
		}
		if !reflect.DeepEqual(c.want, got) {
			b.Fatalf("filter %s: got %v, want %v", show(c.filter), got, c.want)
		}
	}
}

func runPages(b *bench) {
	for n := range 5 {
		run := NewRun(n)
		run.StartedAt = began
		b.ok(b.store.BeginRun(b.ctx, run))
	}
	var seen []string
	filter := telemetry.RunFilter{Limit: 2}
	for {
		page, err := b.store.Runs(b.ctx, filter)
		b.ok(err)
		if len(page) == 0 {
			break
		}
		for _, run := range page {
			seen = append(seen, run.ID)
		}
		last := page[len(page)-1]
		filter.Before, filter.BeforeID = last.StartedAt, last.ID
	}
	same(b, []string{RunID(4), RunID(3), RunID(2), RunID(1), RunID(0)}, seen, "each run once")
}

func concurrentRuns(b *bench) {
	const runs, batches, each = 4, 5, 50
	var all sync.WaitGroup
	failures := make(chan error, runs*(batches+2))
	for n := range runs {
		all.Go(func() {
			run := NewRun(n)
			failures <- b.store.BeginRun(b.ctx, run)
			for i := range int64(batches) {
				failures <- b.store.Append(b.ctx, History(run, i*each, (i+1)*each))
			}
			failures <- b.store.EndRun(b.ctx, End(run, "PASS"))
		})
	}
	all.Wait()
	close(failures)
	for err := range failures {
		b.ok(err)
	}
	for n := range runs {
		same(b, History(NewRun(n), 0, batches*each).Events, b.all(NewRun(n)), fmt.Sprint("run ", n))
	}
}

func migrateAgain(b *bench) {
	migrator, ok := b.store.(telemetry.Migrator)
	if !ok {
		return
	}
	run := b.begun(1)
	b.ok(b.store.Append(b.ctx, History(run, 0, 20)))
	b.ok(migrator.Migrate(b.ctx))
	b.ok(migrator.Migrate(b.ctx))
	same(b, History(run, 0, 20).Events, b.all(run), "the rows stay")
}

func cancelled(b *bench) {
	run := b.begun(1)
	ctx, cancel := context.WithCancel(b.ctx)
	cancel()
	for what, err := range map[string]error{
		"BeginRun": b.store.BeginRun(ctx, NewRun(2)),
		"Append":   b.store.Append(ctx, History(run, 0, 2500)),
		"EndRun":   b.store.EndRun(ctx, End(run, "PASS")),
		"Run":      second(b.store.Run(ctx, run.ID)),
		"Runs":     second(b.store.Runs(ctx, telemetry.RunFilter{})),
		"Events":   second(b.store.Events(ctx, run.ID, 0, 1)),
		"Purge":    second(b.store.Purge(ctx, telemetry.PurgePolicy{Synthetic: true})),
	} {
		if err == nil {
			b.Errorf("%s does not notice that its context is cancelled", what)
		}
	}
	runs, err := b.store.Runs(b.ctx, telemetry.RunFilter{})
	b.ok(err)
	same(b, []telemetry.Run{run}, runs, "the runs are as before")
	if got := b.all(run); len(got) != 0 {
		b.Fatalf("%d events of a batch that was cancelled are there", len(got))
	}
	ended, late := context.WithDeadline(b.ctx, time.Unix(0, 0))
	defer late()
	if err := b.store.Append(ended, History(run, 0, 1)); err == nil {
		b.Fatal("a call whose time is over must fail")
	}
}

func second[T any](_ T, err error) error { return err }
