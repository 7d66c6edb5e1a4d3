package remote

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bookiji/simcity/simcity"
)

// A struck is a fault as the host tells it.
type struck struct {
	State   string `json:"state"`
	Touched int64  `json:"touched"`
	EndedBy string `json:"endedBy"`
}

// A hold is a fault that the host holds for us as long as we renew its lease.
type hold struct {
	world *simcity.World
	kind  string
	lease time.Duration
	id    string

	end     context.CancelFunc
	ended   sync.WaitGroup
	unsure  bool // whether it struck: the answer was lost
	touched atomic.Int64
	lost    atomic.Pointer[error] // why the lease could not be renewed
}

// strike asks the host for a fault and begins to renew its lease. If the answer was
// lost there is a hold beside the error, which reverts what may have been struck.
func (h *host) strike(ctx context.Context, w *simcity.World, kind string, parameters any) (*hold, error) {
	held := &hold{world: w, kind: kind, lease: h.lease, id: strings.ToLower(rand.Text())}
	var told struck
	in := map[string]any{"id": held.id, "type": kind, "parameters": parameters, "leaseSeconds": int(h.lease / time.Second)}
	if err := within(w).call(ctx, http.MethodPost, "/faults", in, &told); err != nil {
		if refused := new(Error); errors.As(err, &refused) {
			return nil, err
		}
		held.unsure, held.end = true, func() {}
		return held, err
	}
	held.touched.Store(told.Touched)
	if told.State != "active" {
		held.id = "" // it was over at once
		return held, nil
	}
	ctx, held.end = context.WithCancel(context.Background())
	held.ended.Go(func() { held.renew(ctx) })
	return held, nil
}

// renewalsPerLease leaves room for two renewals that fail.
const renewalsPerLease = 3

// renew keeps the lease alive until ctx ends or the host says that it is over.
func (h *hold) renew(ctx context.Context) {
	for wait(ctx, h.lease/renewalsPerLease) {
		var told struck
		err := beside(h.world).call(ctx, http.MethodPost, "/faults/"+h.id+"/renew", nil, &told)
		switch {
		case ctx.Err() != nil:
			return
		case isCode(err, "lease_ended") || isCode(err, "unknown_fault"):
			h.lost.Store(&err)
			return
		case err != nil:
			h.lost.Store(&err)
		default:
			h.lost.Store(nil)
			h.touched.Store(told.Touched)
		}
	}
}

// release reverts the fault and tells what it touched. It may be called again
// after an error, but for that of a lease that ended early: that has been told.
func (h *hold) release(ctx context.Context) error {
	if h.id == "" {
		return nil
	}
	h.end()
	h.ended.Wait()
	var told struck
	err := within(h.world).call(ctx, http.MethodDelete, "/faults/"+h.id, nil, &told)
	switch {
	case h.unsure && isCode(err, "unknown_fault"): // it never got there
		h.id = ""
		return nil
	case err != nil:
		return err
	}
	h.touched.Store(told.Touched)
	h.id = ""
	if told.EndedBy == "lease" {
		h.world.Doubt("%s did not last its window: the host reverted it by itself, because its lease of %s was not renewed%s", h.kind, h.lease, h.why())
	}
	return nil
}

func (h *hold) why() string {
	if err := h.lost.Load(); err != nil {
		return fmt.Sprintf(" (%v)", *err)
	}
	return ""
}
