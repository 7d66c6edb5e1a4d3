package shop

import (
	"fmt"
	"net/http"
)

// lease promises a slot to whoever asks first, records the holder later, and gives
// the slot to the next who finds none: it takes one who is slow between the two.
func (s *Shop) lease(w http.ResponseWriter, r *http.Request) {
	slot := r.PathValue("what")
	if !s.promise(slot) {
		s.tally()
		if !s.free(slot) {
			w.WriteHeader(http.StatusConflict)
			return
		}
	}
	s.insert(slot, r.RemoteAddr)
	fmt.Fprint(w, "slot ", slot)
}

// promise reports whether nobody has asked for the slot before.
func (s *Shop) promise(slot string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	asked := s.promised[slot]
	s.promised[slot] = true
	return !asked
}

func (s *Shop) tally() {
	s.counterMu.Lock()
	defer s.counterMu.Unlock()
	s.counter++
}
