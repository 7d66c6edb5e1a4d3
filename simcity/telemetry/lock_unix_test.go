//go:build unix

package telemetry_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/simcity/telemetry"
)

// Whatever process is being started while a file is closed, and has it, too.
func TestClosedFileIsFreeAtOnce(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "spill.jsonl")
	file, err := telemetry.CreateLocked(path)
	require.NoError(t, err)
	again, err := os.Open(path)
	require.NoError(t, err)
	defer again.Close()
	require.ErrorIs(t, telemetry.Lock(again), telemetry.ErrSpillInUse)

	inherited, err := syscall.Dup(int(file.(interface{ Fd() uintptr }).Fd()))
	require.NoError(t, err)
	defer func() { _ = syscall.Close(inherited) }()
	require.NoError(t, file.Close())
	require.NoError(t, telemetry.Lock(again))
}
