package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/bookiji/simcity/internal/pgtest"
)

// Variables by which this test binary becomes another process: the command, or a
// runner of a simulation.
const (
	envCommand = "MISSIONCONTROL_TEST_COMMAND" // its arguments, one a line
	envRunner  = "MISSIONCONTROL_TEST_RUNNER"  // the address of the marketplace
)

func TestMain(m *testing.M) {
	if arguments, ok := os.LookupEnv(envCommand); ok {
		os.Args = append(os.Args[:1], strings.Split(arguments, "\n")...)
		main()
		return
	}
	if url, ok := os.LookupEnv(envRunner); ok {
		breakRLS(url)
		return
	}
	pgtest.Main(m)
	if err := goleak.Find(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// secret of the test hooks, in all tests.
const secret = "correct-horse-battery-staple"

// another is this test binary as another process.
func another(t *testing.T, variables ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	c := exec.Command(self)
	c.Env = append(os.Environ(), append(variables, "SIMCITY_SECRET="+secret)...)
	c.Stderr = os.Stderr
	return c
}

// aMarketplace is the command with a marketplace, in another process on loopback.
type aMarketplace struct {
	*testing.T
	url string
}

// startMarketplace starts it with a database, or with its data in memory. When the
// test ends it is told to end, which checks its data and that it reverts.
func startMarketplace(t *testing.T, database string, flags ...string) *aMarketplace {
	t.Helper()
	flags = append([]string{"-addr", "127.0.0.1:0", "-marketplace", "127.0.0.1:0", "-history", filepath.Join(t.TempDir(), "history.db")}, flags...)
	c := another(t, envCommand+"="+strings.Join(flags, "\n"), "MARKETPLACE_DATABASE="+database)
	out, err := c.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, c.Start())
	t.Cleanup(func() {
		require.NoError(t, c.Process.Signal(syscall.SIGTERM))
		require.NoError(t, c.Wait(), "it ends well, with its data whole")
	})
	lines := bufio.NewScanner(out)
	require.True(t, lines.Scan(), "the command said nothing")
	address, ok := strings.CutPrefix(lines.Text(), "Marketplace:     ")
	require.True(t, ok, lines.Text())
	address, _, _ = strings.Cut(address, ",")
	for lines.Scan() && !strings.HasPrefix(lines.Text(), "History:") {
		require.NotContains(t, lines.Text(), secret)
	}
	return &aMarketplace{T: t, url: address}
}

// eventually waits for a condition, which another process brings about.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			require.Fail(t, "it never happened", what)
		}
	}
}
