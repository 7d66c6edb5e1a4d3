package testhooks

import (
	"cmp"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/bookiji/simcity/simcity"
)

// faults lists what can be struck and what is.
func (h *Handler) faults(http.ResponseWriter, *http.Request) (int, any, error) {
	type kindView struct {
		Type       string                   `json:"type"`
		Doc        string                   `json:"doc"`
		Parameters []simcity.FaultParameter `json:"parameters"`
	}
	kinds := []kindView{}
	for _, kind := range h.strikes.kinds {
		kinds = append(kinds, kindView{kind.Kind, kind.Doc, append([]simcity.FaultParameter{}, kind.Parameters...)})
	}
	return http.StatusOK, struct {
		Kinds  []kindView `json:"kinds"`
		Active []*strike  `json:"active"`
	}{kinds, h.strikes.lasting()}, nil
}

type strikeBody struct {
	ID           string          `json:"id"`
	Type         string          `json:"type"`
	Parameters   json.RawMessage `json:"parameters"`
	LeaseSeconds *int            `json:"leaseSeconds"`
}

// validID is an id that whoever strikes has drawn, so that it can revert although
// the answer was lost.
var validID = regexp.MustCompile(`^[a-z0-9]{16,64}$`)

// Limits of a lease, in seconds.
const (
	leaseStandard = 30
	leaseMax      = 600
)

// strike lets a fault happen.
func (h *Handler) strike(w http.ResponseWriter, r *http.Request) (int, any, error) {
	var body strikeBody
	if err := decode(w, r, &body); err != nil {
		return 0, nil, err
	}
	lease := leaseStandard
	if body.LeaseSeconds != nil {
		lease = *body.LeaseSeconds
	}
	if lease < 1 || lease > leaseMax {
		return 0, nil, wrong("leaseSeconds", lease, fmt.Sprintf("1 to %d", leaseMax), "leave it out for 30, and renew it while the fault shall last")
	}
	if body.ID != "" && !validID.MatchString(body.ID) {
		return 0, nil, wrong("id", strconv.Quote(body.ID), "16 to 64 letters in lower case and digits", "leave it out, and take that of the answer")
	}
	kind, err := h.strikes.find(body.Type)
	if err != nil {
		return 0, nil, err
	}
	fault, err := kind.Make(body.Parameters)
	if err == nil {
		err = fault.Err
	}
	if err != nil {
		return 0, nil, wrongParameter(kind.Kind, err)
	}
	id := cmp.Or(body.ID, strings.ToLower(rand.Text()))
	struck, err := h.strikes.begin(id, fault, shortened(r.Header.Get(simcity.HeaderRun)), time.Duration(lease)*time.Second)
	if err != nil {
		return 0, nil, err
	}
	return http.StatusCreated, struck, nil
}

// wrongParameter tells a mistake in a parameter in the words of the call.
func wrongParameter(kind string, err error) error {
	var field *simcity.FieldError
	if !errors.As(err, &field) {
		return wrong("parameters", err, "what "+kind+" takes", "see GET faults")
	}
	name, ok := strings.CutPrefix(field.Field, kind+".")
	if !ok {
		return wrong("parameters", field.Value, field.Allowed, field.Fix)
	}
	return wrong("parameters."+name, field.Value, field.Allowed, field.Fix)
}

// of finds the strike that a request names.
func (h *Handler) of(r *http.Request) (*strike, error) { return h.strikes.get(r.PathValue("id")) }

// fault tells how far a strike is.
func (h *Handler) fault(_ http.ResponseWriter, r *http.Request) (int, any, error) {
	struck, err := h.of(r)
	return http.StatusOK, struck, err
}

// renew begins the lease of a strike anew.
func (h *Handler) renew(_ http.ResponseWriter, r *http.Request) (int, any, error) {
	struck, err := h.of(r)
	if err != nil {
		return 0, nil, err
	}
	if !struck.renew() {
		return 0, nil, &failure{
			status: http.StatusGone, Code: "lease_ended", Message: "the fault is " + struck.view().State + ": ended by " + struck.view().EndedBy,
			Fix: "strike again, and renew sooner",
		}
	}
	return http.StatusOK, struck, nil
}

// revert ends a strike.
func (h *Handler) revert(_ http.ResponseWriter, r *http.Request) (int, any, error) {
	struck, err := h.of(r)
	if err != nil {
		return 0, nil, err
	}
	if err := struck.end(byRequest); err != nil {
		return 0, nil, failedHook("the revert of "+struck.kind+", which is tried again by itself,", err)
	}
	return http.StatusOK, struck, nil
}
