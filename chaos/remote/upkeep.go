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
	if err := within(w).call(ctx, http.MethodGet, "/probes", nil, &told); err != nil {
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
	if _, err := within(w).purge(ctx, false); err != nil {
		return err
	}
	rows, err := within(w).purge(ctx, true)
	if err != nil {
		return err
	}
	if left := some(rows); left != "" {
		return fmt.Errorf("remote: after the purge the host still has %s", left)
	}
	return nil
}

// Purge removes everything synthetic from the host at the base URL, outside of any
// run, or with dryRun counts it. It returns the rows by table. The client sends the
// secret, and must have made sure of whom it talks to.
func Purge(ctx context.Context, client *http.Client, base string, dryRun bool) (map[string]int64, error) {
	return way{client, base}.purge(ctx, dryRun)
}

func (y way) purge(ctx context.Context, dryRun bool) (map[string]int64, error) {
	var told struct{ Rows map[string]int64 }
	err := y.call(ctx, http.MethodPost, "/purge", map[string]bool{"dryRun": dryRun}, &told)
	return told.Rows, err
}
