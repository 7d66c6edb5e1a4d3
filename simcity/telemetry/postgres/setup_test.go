package postgres_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bookiji/simcity/examples/booking"
	"github.com/bookiji/simcity/internal/pgtest"
	"github.com/bookiji/simcity/scenarios"
	"github.com/bookiji/simcity/simcity"
	"github.com/bookiji/simcity/simcity/telemetry"
	"github.com/bookiji/simcity/simcity/telemetry/postgres"
)

// morning is long enough for a history of more than a thousand events.
const morning = 8 * time.Hour

// baseline is an ordinary day on the reference app, or a part of it, in which what is
// rare may not happen.
func baseline(seed uint64, duration time.Duration) *simcity.Simulation {
	day := scenarios.Baseline()
	if duration > 0 {
		day.Duration, day.AllowEmpty = duration, []string{"*"}
	}
	return simcity.New(day).Seed(seed).Target(simcity.InProcess(func(w *simcity.World) (http.Handler, error) {
		return booking.New(booking.Config{Store: booking.NewMemoryStore(), Logger: w.Logger()})
	}))
}

// The settings of a child process: the database, the folder of its spill file and
// the seed.
const (
	childDSN   = "SIMCITY_TEST_CHILD_DSN"
	childSpill = "SIMCITY_TEST_CHILD_SPILL"
	childSeed  = "SIMCITY_TEST_CHILD_SEED"
)

// TestMain runs a simulation instead of the tests in a process that a test has
// started to kill it.
func TestMain(m *testing.M) {
	if os.Getenv(childDSN) == "" {
		pgtest.Main(m)
		return
	}
	if err := child(); err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
}

// child prints the index of each event before it is recorded, and at last the
// verdict.
func child() error {
	store, err := postgres.Open(os.Getenv(childDSN))
	if err != nil {
		return err
	}
	defer store.Close()
	seed, _ := strconv.ParseUint(os.Getenv(childSeed), 10, 64)
	running, err := baseline(seed, 7*24*time.Hour).
		Report(telemetry.NewReporter(store, telemetry.Options{SpillDir: os.Getenv(childSpill)})).
		Watch(func(e simcity.Event) { os.Stdout.WriteString("event " + strconv.FormatInt(e.Index, 10) + "\n") }).
		Start(context.Background())
	if err != nil {
		return err
	}
	res := running.Wait()
	fmt.Println("end", res.Verdict, strings.Join(res.Reasons, "; "))
	return nil
}
