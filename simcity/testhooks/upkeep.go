package testhooks

import (
	"context"
	"log/slog"
	"net/http"
)

// probes counts what must never be.
func (h *Handler) probes(_ http.ResponseWriter, r *http.Request) (int, any, error) {
	if h.config.Probes == nil {
		return 0, nil, notOffered("Probes", "it counts nothing")
	}
	var counts map[string]int64
	err := called(r.Context(), func(ctx context.Context) (err error) {
		counts, err = h.config.Probes(ctx)
		return err
	})
	if err != nil {
		return 0, nil, failedHook("Probes", err)
	}
	return http.StatusOK, struct {
		Counts map[string]int64 `json:"counts"`
	}{counts}, nil
}

type purgeBody struct {
	DryRun *bool  `json:"dryRun"`
	Run    string `json:"run"`
}

// runMax is the longest id of a run, in bytes.
const runMax = 100

// purge removes what citizens left, or counts it.
func (h *Handler) purge(w http.ResponseWriter, r *http.Request) (int, any, error) {
	var body purgeBody
	if err := decode(w, r, &body); err != nil {
		return 0, nil, err
	}
	switch {
	case h.config.Purge == nil:
		return 0, nil, notOffered("Purge", "it cannot clean up")
	case body.DryRun == nil:
		return 0, nil, wrong("dryRun", "missing", "true or false", "say whether rows are only counted or removed")
	case len(body.Run) > runMax:
		return 0, nil, wrong("run", body.Run, "the id of a run, or nothing for everything synthetic", "take it from the header X-SimCity-Run or the result")
	}
	var rows map[string]int64
	err := called(r.Context(), func(ctx context.Context) (err error) {
		rows, err = h.config.Purge(ctx, PurgeRequest{DryRun: *body.DryRun, Run: body.Run})
		return err
	})
	if err != nil {
		return 0, nil, failedHook("Purge", err)
	}
	h.log(slog.LevelInfo, "purge", "dryRun", *body.DryRun, "run", body.Run, "rows", rows)
	return http.StatusOK, struct {
		DryRun bool             `json:"dryRun"`
		Run    string           `json:"run,omitempty"`
		Rows   map[string]int64 `json:"rows"`
	}{*body.DryRun, body.Run, rows}, nil
}
