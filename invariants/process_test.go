package invariants

import (
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/simcity"
)

// system is the files of a machine with 1000 kB of memory.
func system(more map[string]string) fstest.MapFS {
	files := fstest.MapFS{}
	for name, text := range map[string]string{
		"proc/self/status": "Name:\tx\nVmRSS:\t     400 kB\n",
		"proc/meminfo":     "MemTotal:     1000 kB\nMemFree: 1 kB\n",
	} {
		files[name] = &fstest.MapFile{Data: []byte(text)}
	}
	for name, text := range more {
		files[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return files
}

func TestMemoryLimits(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		files map[string]string
		want  float64
	}{
		"the machine": {nil, 1000 * 1024},
		"v2": {map[string]string{
			"proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/memory.max": "700\n", "sys/fs/cgroup/a/b/memory.max": "max\n"}, 700},
		"v2 in a container": {map[string]string{"proc/self/cgroup": "0::/elsewhere\n", "sys/fs/cgroup/memory.max": "600\n"}, 600},
		"v1": {map[string]string{
			"proc/self/cgroup": "7:cpu,memory:/a\n1:name=systemd:/\n", "sys/fs/cgroup/memory/a/memory.limit_in_bytes": "500\n"}, 500},
		"v1 without a limit": {map[string]string{
			"proc/self/cgroup": "7:memory:/\n", "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n"}, 1000 * 1024},
		"nonsense": {map[string]string{"proc/self/cgroup": "::\nx\n0::/../..\n", "sys/fs/cgroup/memory.max": "-1"}, 1000 * 1024},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := process{root: system(c.files)}
			require.Equal(t, c.want, p.limit())
			resident, ok := p.resident()
			require.True(t, ok)
			require.Equal(t, 400.0*1024, resident)
		})
	}
}

func TestMemoryOfThisProcess(t *testing.T) {
	t.Parallel()
	full := system(map[string]string{"proc/self/status": "VmRSS: 900 kB\n"})
	check := memoryUsage(0, full).Begin(nil)
	var told []string
	for i := range 5 {
		for range 3 { // only one look per simulated minute
			if b := check.Tick(&simcity.Snapshot{At: time.Duration(i) * time.Minute}); b != nil {
				told = append(told, b.String())
			}
		}
	}
	require.Equal(t, []string{"got 90 % of 1 MiB, want less than 80 % (memory of this process, 3 looks in a row)"}, told)
	require.Equal(t, int64(5), check.Judge().Samples)

	elsewhere := memoryUsage(0, fstest.MapFS{}).Begin(nil)
	require.Nil(t, elsewhere.Tick(&simcity.Snapshot{}))
	require.Equal(t, "not measurable on this system", elsewhere.Judge().Got)
	require.Zero(t, elsewhere.Judge().Needs)
}
