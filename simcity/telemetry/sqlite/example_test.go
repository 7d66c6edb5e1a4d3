package sqlite_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/bookiji/simcity/simcity/telemetry"
	"github.com/bookiji/simcity/simcity/telemetry/sqlite"
)

// A history outlives the process that wrote it.
func Example() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "simcity.db")
	ctx := context.Background()

	store, err := sqlite.OpenOrCreate(path)
	if err != nil {
		fmt.Println(err)
		return
	}
	running, err := baseline(7, 2*time.Hour).
		Report(telemetry.NewReporter(store, telemetry.Options{SpillDir: dir})).
		Start(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	result := running.Wait()
	fmt.Println(store.Close())

	again, err := sqlite.Open(path)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer again.Close()
	runs, err := again.Runs(ctx, telemetry.RunFilter{Scenario: "baseline", Limit: 1})
	fmt.Println(len(runs), err, runs[0].Digest == result.Digest.String())
	events, err := again.Events(ctx, runs[0].ID, 0, 1)
	fmt.Println(events[0].Index, events[0].Type, err)
	// Output:
	// <nil>
	// 1 <nil> true
	// 0 run.started <nil>
}
