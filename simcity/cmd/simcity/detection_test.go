package main

import (
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// detections are the planted bugs as people call them, and how often each is
// looked for in a peer's way.
var detections = []struct{ bug, mode string }{
	{"check, then insert", "book"}, {"lost update", "count"}, {"double-checked cache", "price"},
	{"unlocked map", "visit"}, {"AB-BA deadlock", "move"}, {"goroutine leak", "keep"},
}

// The first detection of each planted bug: by the overlay (the unlocked map by a
// free schedule under -race), and by what people use today on the same shop:
// testing/synctest alone, bursts of goroutines under -race, and rapid in a bubble.
func BenchmarkFirstDetection(b *testing.B) {
	h := shop(b)
	race := filepath.Join(h.dir, "race.test")
	require.NoError(b, h.compile("-race", "-o", race))
	var table strings.Builder
	fmt.Fprintf(&table, "%-22s %-24s %-24s %-24s %-24s\n", "first found by", "simcity", "synctest", "bursts -race", "rapid")
	for _, d := range detections {
		ours := h.detect(b, h.overlaid, d.mode+"=50", "")
		if d.mode == "visit" {
			ours = h.detect(b, race, d.mode+"=50", "", "SHOP_FREE=1")
		}
		require.NotZero(b, ours.First, d.bug)
		fmt.Fprintf(&table, "%-22s %-24s %-24s %-24s %-24s\n", d.bug, ours,
			h.detect(b, h.plain, d.mode+"=300", "synctest"),
			h.detect(b, race, d.mode+"=300", "bursts"),
			h.detect(b, h.plain, d.mode+"=300", "rapid"))
	}
	b.ReportMetric(0, "ns/op")
	fmt.Fprint(b.Output(), table.String())
}

// A detection is the first try that found a bug, of so many.
type detection struct {
	First, Tries int
	Millis       float64
}

func (d detection) String() string {
	if d.First == 0 {
		return fmt.Sprintf("not in %d (%.0f ms)", d.Tries, d.Millis)
	}
	return fmt.Sprintf("at %d (%.0f ms)", d.First, d.Millis)
}

// detect runs the shop's test in the way of a peer, or as a simulation, until
// something is found; the race detector, or
// the map, ends the process at the first race.
func (h *host) detect(b *testing.B, binary, mode, peer string, environ ...string) detection {
	b.Helper()
	test := "-test.run=^TestShop$"
	if peer != "" {
		test = "-test.run=^TestPeer$"
	}
	command := exec.CommandContext(b.Context(), binary, test, "-test.timeout=5m")
	command.Dir = h.dir
	command.Env = append(os.Environ(), "SHOP_MODES="+mode, "SHOP_PEER="+peer, "GORACE=halt_on_error=1 atexit_sleep_ms=0")
	command.Env = append(command.Env, environ...)
	began := time.Now()
	output, err := command.CombinedOutput()
	took := time.Since(began).Seconds() * 1000
	d := detection{}
	for line := range strings.Lines(string(output)) {
		if seed, ok := strings.CutPrefix(line, "SEED "); ok {
			d.Tries, _ = strconv.Atoi(strings.TrimSpace(seed))
		}
		if text, ok := strings.CutPrefix(line, "REPORT "); ok {
			r := reportOf(b, text)
			return detection{First: r.First, Tries: r.Seeds, Millis: cmp.Or(r.FirstMillis, float64(r.Millis))}
		}
	}
	require.Error(b, err)
	require.Regexp(b, "DATA RACE|concurrent map", string(output))
	return detection{First: d.Tries, Tries: d.Tries, Millis: took}
}
