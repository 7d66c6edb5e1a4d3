package sqlite_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/internal/parts"
	"github.com/bookiji/simcity/simcity"
	"github.com/bookiji/simcity/simcity/telemetry"
	"github.com/bookiji/simcity/simcity/telemetry/sqlite"
)

// childDisk is where a child process mounts a disk of its own.
const childDisk = "SIMCITY_TEST_CHILD_DISK"

// onSmallDisk runs do with a disk of twelve megabytes: in a child process, as the root of
// a namespace of its own, where the kernel allows that.
func onSmallDisk(t *testing.T, do func(t *testing.T, disk string)) {
	t.Helper()
	if disk := os.Getenv(childDisk); disk != "" {
		if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=12m"); err != nil {
			t.Skip("the kernel's namespaces allow no mounts:", err)
		}
		do(t, disk)
		return
	}
	self, err := os.Executable()
	require.NoError(t, err)
	child := exec.Command(self, "-test.v", "-test.run", "^"+regexp.QuoteMeta(t.Name())+"$")
	child.Env = append(os.Environ(), childDisk+"="+t.TempDir())
	child.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
	}
	said, err := child.CombinedOutput()
	var failed *exec.ExitError
	switch {
	case err != nil && !errors.As(err, &failed):
		parts.Demand(t, "namespaces", err)
		t.Skip("the kernel allows no namespaces here, and so no full disk:", err)
	case bytes.Contains(said, []byte("--- SKIP")):
		parts.Demand(t, "namespaces", fmt.Errorf("%s", said))
		t.Skipf("the kernel's namespaces allow no mounts, and so no full disk:\n%s", said)
	}
	require.NoError(t, err, "%s", said)
	require.Contains(t, string(said), "--- PASS: "+t.Name())
}

// fill leaves no room on a disk until what it returns is called.
func fill(t *testing.T, disk string) (free func()) {
	t.Helper()
	ballast := filepath.Join(disk, "ballast")
	err := os.WriteFile(ballast, make([]byte, 12<<20), 0o600)
	require.ErrorIs(t, err, syscall.ENOSPC)
	return func() { require.NoError(t, os.Remove(ballast)) }
}

// refused frees the disk when the store did not take a batch for the third time.
type refused struct {
	*sqlite.Store
	times int
	free  func()
}

func (r *refused) Append(ctx context.Context, batch telemetry.Batch) error {
	err := r.Store.Append(ctx, batch)
	if err != nil {
		if r.times++; r.times == 3 {
			r.free()
		}
	}
	return err
}

// small are the options of a delivery that soon notices a full disk.
func small(spill string) telemetry.Options {
	return telemetry.Options{SpillDir: spill, QueueEvents: 150, BatchRows: 50, BackoffMax: 50 * time.Millisecond}
}

// fullFromTheStart is a morning on a store whose disk is full from its first event on.
func fullFromTheStart(t *testing.T, disk string, store telemetry.Store, options telemetry.Options, filled func(free func())) *simcity.Result {
	t.Helper()
	running, err := baseline(7, morning).Report(telemetry.NewReporter(store, options)).Watch(func(e simcity.Event) {
		if e.Index == 0 {
			filled(fill(t, disk))
		}
	}).Start(t.Context())
	require.NoError(t, err)
	return running.Wait()
}

// requireWhole lives a morning on the full disk, which is freed at the third refusal.
func (r *refused) requireWhole(t *testing.T, disk, spill string) {
	t.Helper()
	res := fullFromTheStart(t, disk, r, small(spill), func(free func()) { r.free = free })
	require.Equal(t, simcity.Pass, res.Verdict, res.Explain())
	require.GreaterOrEqual(t, r.times, 3, "it was full")
	require.Equal(t, res.Events, events(t, r))
}

func TestHistoryIsWholeAfterTheStoresDiskWasFull(t *testing.T) {
	onSmallDisk(t, func(t *testing.T, disk string) {
		store, spill := &refused{Store: create(t, filepath.Join(disk, "history.db"))}, t.TempDir()
		store.requireWhole(t, disk, spill)
		left, err := os.ReadDir(spill)
		require.NoError(t, err)
		require.Empty(t, left)
	})
}

func TestFullDiskUnderTheJournalDisturbsNoRun(t *testing.T) {
	onSmallDisk(t, func(t *testing.T, disk string) {
		store := create(t, file(t))
		res := fullFromTheStart(t, disk, store, small(disk), func(func()) {})
		require.Equal(t, simcity.Pass, res.Verdict, res.Explain())
		require.Equal(t, res.Events, events(t, store))
	})
}

// Where the journal lies on the same disk, the run is held until there is room.
func TestHistoryIsWholeAfterTheOneDiskWasFull(t *testing.T) {
	onSmallDisk(t, func(t *testing.T, disk string) {
		store := &refused{Store: create(t, filepath.Join(disk, "history.db"))}
		store.requireWhole(t, disk, disk)
		left, err := telemetry.Spills(disk)
		require.NoError(t, err)
		require.Empty(t, left)
	})
}

// Where the one disk stays full, the run says which events are lost, and the journal has
// those before them.
func TestFullDiskToTheEndIsTold(t *testing.T) {
	onSmallDisk(t, func(t *testing.T, disk string) {
		store, free := create(t, filepath.Join(disk, "history.db")), func() {}
		options := small(disk)
		options.StallMax, options.FlushTimeout = 200*time.Millisecond, 200*time.Millisecond
		res := fullFromTheStart(t, disk, store, options, func(room func()) { free = room })
		require.Equal(t, simcity.Inconclusive, res.Verdict)
		require.Contains(t, res.Explain(), "no space left on device")
		require.Contains(t, res.Explain(), "of them are lost")
		free()
		left, err := telemetry.Spills(disk)
		require.NoError(t, err)
		require.Len(t, left, 1)
		replayed, err := telemetry.ReplaySpill(t.Context(), store, left[0])
		require.NoError(t, err)
		require.Equal(t, replayed.Run.EventCount, events(t, store))
		require.Positive(t, replayed.Events)
	})
}
