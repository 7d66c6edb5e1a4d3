package main

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/chaos"
	"github.com/bookiji/simcity/chaos/remote"
	"github.com/bookiji/simcity/scenarios"
	"github.com/bookiji/simcity/simcity"
)

// breakRLS is the runner that will be killed: it lays data open a moment after its
// beginning, for a day.
func breakRLS(url string) {
	day := scenarios.DisasterMix()
	day.Duration = 25 * time.Hour
	day.Injections = []simcity.Injection{{Fault: chaos.RLSMisconfig{MisconfigType: chaos.DisabledTable}.Fault(), At: 30 * time.Second, For: 24 * time.Hour}}
	running, err := simcity.New(day).
		Target(simcity.URL(url).Login(os.Getenv("SIMCITY_SECRET")).Equip(remote.Hooks{Lease: 2 * time.Second}.Offer)).
		Clock(simcity.Paced(60)).
		Start(context.Background())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Fprintln(os.Stderr, running.Wait().Explain())
}

// The runner dies by kill -9 while row-level security is off. Nobody tells the
// host, whose lease brings it back: the database has the policies that it had.
func TestLeaseRevertsWhenTheRunnerIsKilled(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	market := startMarketplace(t, db.dsn) // whose own watchdog comes after 70 seconds

	runner := another(t, envRunner+"="+market.url)
	require.NoError(t, runner.Start())
	open := func() bool { return db.leftBehind() != nil }
	eventually(t, "row-level security is off", open)
	eventually(t, "the runner renews the lease", func() bool {
		held := market.active()
		return len(held) == 1 && held[0].ExpiresAt.After(held[0].BegunAt.Add(2*time.Second))
	})
	require.True(t, open())

	require.NoError(t, runner.Process.Kill())
	require.Error(t, runner.Wait())
	eventually(t, "row-level security is back", func() bool { return !open() })
	eventually(t, "the fault is over", func() bool { return len(market.active()) == 0 })
}
