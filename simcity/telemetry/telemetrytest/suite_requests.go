package telemetrytest

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/bookiji/simcity/simcity/telemetry"
)

const lease = 30 * time.Second

// office is a store's requests.
func (b *bench) office() telemetry.Requests {
	office, _ := b.store.(telemetry.Requests)
	return office
}

func (b *bench) asked(office telemetry.Requests, n int) telemetry.RunRequest {
	b.Helper()
	request := telemetry.RunRequest{
		ID: RunID(n), RequestedBy: "ops", Tier: "simulation", Scenario: "baseline", Seed: 1<<63 + uint64(n), Concurrency: 5, MaxEvents: 7,
		DurationSeconds: 60, Policies: []byte(`{"cancelChance":0.5}`), CreatedAt: began.Add(time.Duration(n) * time.Second), Status: telemetry.StatusPending,
	}
	b.ok(office.AddRequest(b.ctx, request))
	return request
}

func requests(b *bench) {
	office := b.office()
	if office == nil {
		return
	}
	first, other := b.asked(office, 1), b.asked(office, 2)
	b.asked(office, 1)
	got, err := office.Request(b.ctx, first.ID)
	b.ok(err)
	same(b, first, got, "the request")
	list, err := office.RequestList(b.ctx, "", 10)
	b.ok(err)
	same(b, []telemetry.RunRequest{other, first}, list, "the latest first")

	claimed, err := office.Claim(b.ctx, "anna", began, lease)
	b.ok(err)
	want := first
	want.Status, want.Runner, want.StartedAt, want.LeaseUntil = telemetry.StatusRunning, "anna", began, began.Add(lease)
	same(b, want, *claimed, "the oldest is claimed")

	renewed, err := office.Renew(b.ctx, first.ID, "anna", RunID(9), began.Add(lease/2), lease)
	b.ok(err)
	want.RunID, want.LeaseUntil = RunID(9), began.Add(lease/2+lease)
	same(b, want, renewed, "the lease is longer")
	_, err = office.Renew(b.ctx, first.ID, "bert", "", began, lease)
	b.is(err, telemetry.ErrLeaseLost, "another runner")
	b.is(office.Finish(b.ctx, first.ID, "bert", telemetry.StatusCompleted, "", began), telemetry.ErrLeaseLost, "another runner")

	b.ok(office.Finish(b.ctx, first.ID, "anna", telemetry.StatusCompleted, "PASS", began.Add(lease)))
	got, err = office.Request(b.ctx, first.ID)
	b.ok(err)
	want.Status, want.Message, want.EndedAt, want.LeaseUntil = telemetry.StatusCompleted, "PASS", began.Add(lease), time.Time{}
	same(b, want, got, "finished")
	_, err = office.Renew(b.ctx, first.ID, "anna", "", began, lease)
	b.is(err, telemetry.ErrLeaseLost, "one that has ended")
	list, err = office.RequestList(b.ctx, telemetry.StatusPending, 10)
	b.ok(err)
	same(b, []telemetry.RunRequest{other}, list, "those that wait")
	_, err = office.Request(b.ctx, RunID(404))
	b.is(err, telemetry.ErrNoRequest, "an unknown request")
	b.is(office.AskStop(b.ctx, RunID(404), began), telemetry.ErrNoRequest, "an unknown request")
	b.is(office.Finish(b.ctx, RunID(404), "anna", telemetry.StatusFailed, "", began), telemetry.ErrNoRequest, "an unknown request")
}

func requestMistakes(b *bench) {
	office := b.office()
	if office == nil {
		return
	}
	fine := telemetry.RunRequest{ID: RunID(1), CreatedAt: began}
	for field, spoil := range map[string]func(*telemetry.RunRequest){
		"ID":          func(r *telemetry.RunRequest) { r.ID = "first" },
		"CreatedAt":   func(r *telemetry.RunRequest) { r.CreatedAt = time.Time{} },
		"Concurrency": func(r *telemetry.RunRequest) { r.Concurrency = -1 },
		"Policies":    func(r *telemetry.RunRequest) { r.Policies = []byte("[1]") },
	} {
		spoiled := fine
		spoil(&spoiled)
		var mistake *telemetry.OptionError
		if err := office.AddRequest(b.ctx, spoiled); !errors.As(err, &mistake) || !strings.Contains(mistake.Field, field) {
			b.Fatalf("%s: got error %v", field, err)
		}
	}
	b.ok(office.AddRequest(b.ctx, fine))
}

func takeover(b *bench) {
	office := b.office()
	if office == nil {
		return
	}
	request := b.asked(office, 1)
	_, err := office.Claim(b.ctx, "anna", began, lease)
	b.ok(err)
	none, err := office.Claim(b.ctx, "bert", began.Add(lease), lease)
	b.ok(err)
	if none != nil {
		b.Fatalf("the lease is not over: got %s", show(none))
	}
	taken, err := office.Claim(b.ctx, "bert", began.Add(lease+time.Second), lease)
	b.ok(err)
	if taken == nil || taken.ID != request.ID || taken.Runner != "bert" || !taken.StartedAt.Equal(began) {
		b.Fatalf("what a dead runner left is taken over: got %s", show(taken))
	}
	_, err = office.Renew(b.ctx, request.ID, "anna", "", began, lease)
	b.is(err, telemetry.ErrLeaseLost, "the dead one comes back")
}

func askStop(b *bench) {
	office := b.office()
	if office == nil {
		return
	}
	running, waiting := b.asked(office, 1), b.asked(office, 2)
	_, err := office.Claim(b.ctx, "anna", began, lease)
	b.ok(err)
	b.ok(office.AskStop(b.ctx, running.ID, began))
	b.ok(office.AskStop(b.ctx, waiting.ID, began))
	renewed, err := office.Renew(b.ctx, running.ID, "anna", "", began, lease)
	b.ok(err)
	if !renewed.StopAsked || renewed.Status != telemetry.StatusRunning {
		b.Fatalf("the runner is told: got %s", show(renewed))
	}
	got, err := office.Request(b.ctx, waiting.ID)
	b.ok(err)
	if got.Status != telemetry.StatusStopped || !got.EndedAt.Equal(began) {
		b.Fatalf("one that waits is stopped at once: got %s", show(got))
	}
	b.ok(office.Finish(b.ctx, running.ID, "anna", telemetry.StatusStopped, "", began))
	b.ok(office.AskStop(b.ctx, running.ID, began.Add(time.Hour)))
	got, err = office.Request(b.ctx, running.ID)
	b.ok(err)
	if !got.EndedAt.Equal(began) {
		b.Fatalf("one that has ended stays as it is: got %s", show(got))
	}
}

func racingRunners(b *bench) {
	office := b.office()
	if office == nil {
		return
	}
	const many = 20
	for n := range many {
		b.asked(office, n)
	}
	var mu sync.Mutex
	var failed error
	claimed := map[string]int{}
	var runners sync.WaitGroup
	for _, name := range []string{"anna", "bert", "carl", "dora"} {
		runners.Go(func() {
			for {
				request, err := office.Claim(context.WithoutCancel(b.ctx), name, began, lease)
				mu.Lock()
				if err != nil {
					failed = err
				}
				if err != nil || request == nil {
					mu.Unlock()
					return
				}
				claimed[request.ID]++
				mu.Unlock()
			}
		})
	}
	runners.Wait()
	b.ok(failed)
	if len(claimed) != many {
		b.Fatalf("%d of %d requests were claimed", len(claimed), many)
	}
	for id, times := range claimed {
		if times != 1 {
			b.Fatalf("request %s was claimed %d times", id, times)
		}
	}
}
