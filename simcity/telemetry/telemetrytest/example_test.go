package telemetrytest_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/bookiji/simcity/simcity/telemetry"
	"github.com/bookiji/simcity/simcity/telemetry/telemetrytest"
)

// A sink whose first answer is lost: the rows are there all the same.
func ExampleFlaky() {
	ctx := context.Background()
	memory := telemetry.NewMemory()
	flaky := &telemetrytest.Flaky{Sink: memory, Plan: func(_ context.Context, call telemetrytest.Call) telemetrytest.Fault {
		if call.Method == "Append" && len(call.Batch.Events) == 10 {
			return telemetrytest.Fault{Err: telemetry.MarkTransient(errors.New("connection reset")), Late: true}
		}
		return telemetrytest.Fault{}
	}}
	run := telemetrytest.NewRun(1)
	fmt.Println(flaky.BeginRun(ctx, run))
	err := flaky.Append(ctx, telemetrytest.History(run, 0, 10))
	fmt.Println(err, telemetry.Transient(err))
	events, _ := memory.Events(ctx, run.ID, 0, 100)
	fmt.Println(len(events))
	// Output:
	// <nil>
	// connection reset true
	// 10
}

// The tester is tested: a store that forgets one row does not conform.
func TestSuiteFindsAStoreThatForgets(t *testing.T) {
	t.Parallel()
	memory := telemetry.NewMemory()
	store := forgetful{memory}
	run := telemetrytest.NewRun(1)
	if err := store.BeginRun(t.Context(), run); err != nil {
		t.Fatal(err)
	}
	if err := store.Append(t.Context(), telemetrytest.History(run, 0, 20)); err != nil {
		t.Fatal(err)
	}
	if _, err := telemetry.Verify(t.Context(), store, run.ID); err == nil {
		t.Fatal("the hole must be found")
	}
}

// forgetful loses event 7.
type forgetful struct{ *telemetry.Memory }

func (f forgetful) Append(ctx context.Context, batch telemetry.Batch) error {
	batch.Events = append(batch.Events[:7:7], batch.Events[8:]...)
	return f.Memory.Append(ctx, batch)
}
