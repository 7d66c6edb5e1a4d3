package simcity

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
)

// host is what a run holds of the system under test.
type host struct {
	handlers *handlerTransport // nil for a target elsewhere
	log      hostLog
	requests atomic.Int64 // by its surroundings

	mu      sync.Mutex
	closers []func(context.Context) error
	values  map[any]any // what it keeps for faults and rules
}

func (h *host) onClose(closeHost func(context.Context) error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closers = append(h.closers, closeHost)
}

// toClose is what was registered, latest first.
func (h *host) toClose() []func(context.Context) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	closers := slices.Clone(h.closers)
	slices.Reverse(closers)
	return closers
}

func (h *host) setValue(key, value any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.values == nil {
		h.values = make(map[any]any)
	}
	h.values[key] = value
}

func (h *host) value(key any) any {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.values[key]
}
