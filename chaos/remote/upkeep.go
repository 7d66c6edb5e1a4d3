package remote

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/bookiji/simcity/simcity"
)

// Probes asks the host for what must never be, and returns an error that names
// what there is. It is for invariants.Probe, and makes the host's own word a
// cross-check of what clients saw:
//
//	Check(invariants.Probe("host_probes", remote.Probes))
func Probes(ctx context.Context, w *simcity.World) error {
	var told struct{ Counts map[string]int64 }
	if err := call(ctx, w, w.Client(), http.MethodGet, "/probes", nil, &told); err != nil {
		return err
	}
	if len(told.Counts) == 0 {
		return errors.New("remote: the host's probes count nothing")
	}
	if found := some(told.Counts); found != "" {
		return fmt.Errorf("the host counts %s", found)
	}
	return nil
}

// some tells the counts that are not 0, by name.
func some(counts map[string]int64) string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		if counts[name] != 0 {
			all = append(all, fmt.Sprintf("%s %d", name, counts[name]))
		}
	}
	return strings.Join(all, ", ")
}

// purge removes everything synthetic and looks whether it is gone.
func purge(ctx context.Context, w *simcity.World) error {
	var rows struct{ Rows map[string]int64 }
	for _, dryRun := range []bool{false, true} {
		if err := call(ctx, w, w.Client(), http.MethodPost, "/purge", map[string]bool{"dryRun": dryRun}, &rows); err != nil {
			return err
		}
	}
	if left := some(rows.Rows); left != "" {
		return fmt.Errorf("remote: after the purge the host still has %s", left)
	}
	return nil
}
