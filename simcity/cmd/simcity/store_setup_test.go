package main

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/examples/booking"
	"github.com/bookiji/simcity/internal/pgtest"
	"github.com/bookiji/simcity/scenarios"
	"github.com/bookiji/simcity/simcity"
	"github.com/bookiji/simcity/simcity/telemetry"
	"github.com/bookiji/simcity/simcity/telemetry/telemetrytest"
)

// say calls the tool.
func say(arguments ...string) (status int, out, complaints string) {
	var told, complained bytes.Buffer
	status = obey(arguments, &told, &complained)
	return status, told.String(), complained.String()
}

// done demands that a call of the tool works, and returns what it told.
func done(t *testing.T, arguments ...string) string {
	t.Helper()
	status, out, complaints := say(arguments...)
	require.Equal(t, exitOK, status, complaints)
	require.Empty(t, complaints)
	return out
}

// addresses are stores to work on, each of them empty.
func addresses(t *testing.T) map[string]string {
	t.Helper()
	return map[string]string{"sqlite": "sqlite:" + filepath.Join(t.TempDir(), "history.db"), "postgres": pgtest.Database(t)}
}

func opened(t *testing.T, address string) telemetry.Store {
	t.Helper()
	store, err := openStore(address)
	require.NoError(t, err)
	t.Cleanup(func() { closeStore(store) })
	return store
}

// began is a day on which runs began long ago.
var began = telemetrytest.NewRun(0).StartedAt

// day is a short day of the reference app.
func day(seed uint64) *simcity.Simulation {
	return simcity.New(scenarios.Baseline()).Seed(seed).Until(2 * time.Hour).Target(simcity.InProcess(func(w *simcity.World) (http.Handler, error) {
		return booking.New(booking.Config{Store: booking.NewMemoryStore(), Logger: w.Logger()})
	}))
}

// down is a store that takes a run and then nothing more.
type down struct{ telemetry.Store }

func (d down) Append(context.Context, telemetry.Batch) error {
	return telemetry.MarkTransient(os.ErrDeadlineExceeded)
}
