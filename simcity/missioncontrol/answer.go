package missioncontrol

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/bookiji/simcity/simcity"
	"github.com/bookiji/simcity/simcity/telemetry"
)

// An answer is what a call answers when it goes well.
type answer struct {
	status int // default 200
	data   any
}

// A failure is the error body of a call.
type failure struct {
	status  int
	Code    string `json:"code"`
	Message string `json:"message"`
	Field   string `json:"field,omitempty"`
	Value   any    `json:"value,omitempty"`
	Allowed string `json:"allowed,omitempty"`
	Fix     string `json:"fix,omitempty"`
	RunID   string `json:"runId,omitempty"`
}

func (f *failure) Error() string { return f.Message }

// wrong is the failure of a field or parameter.
func wrong(field string, value any, allowed, fix string) *failure {
	message := fmt.Sprintf("%s is %v", field, value)
	if allowed != "" {
		message += "; allowed: " + allowed
	}
	return &failure{status: http.StatusBadRequest, Code: "invalid_field", Message: message, Field: field, Value: value, Allowed: allowed, Fix: fix}
}

// asWrong tells a mistake that the engine found in the words of the API: renamed
// maps the engine's names to those of the request.
func asWrong(err error, renamed map[string]string, otherwise string) *failure {
	var field *simcity.FieldError
	if !errors.As(err, &field) {
		return &failure{status: http.StatusBadRequest, Code: "invalid_field", Message: err.Error(), Field: otherwise}
	}
	name := field.Field
	if to, ok := renamed[name]; ok {
		name = to
	} else if _, parameter, ok := strings.Cut(name, "."); ok && otherwise == "parameters" {
		name = "parameters." + parameter
	} else if !strings.HasPrefix(name, "policies") && otherwise != "" {
		name = otherwise
	}
	f := wrong(name, fmt.Sprint(field.Value), field.Allowed, field.Fix)
	if name != field.Field && !strings.HasPrefix(field.Field, "command.") { // what the engine calls it helps as well
		f.Message = strings.TrimPrefix(err.Error(), "simcity: ")
	}
	return f
}

// asFailure is any error as an answer.
func asFailure(err error) *failure {
	var f *failure
	switch {
	case errors.As(err, &f):
		return f
	case errors.Is(err, telemetry.ErrNoRun):
		return &failure{status: http.StatusNotFound, Code: "unknown_run", Message: err.Error(), Field: "runId", Allowed: "an ID of GET /api/ops/simcity/runs, or latest"}
	case errors.Is(err, context.Canceled):
		return &failure{status: 499, Code: "canceled", Message: "the client has gone"}
	}
	return &failure{status: http.StatusServiceUnavailable, Code: "store_unavailable", Message: err.Error()}
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	text, err := plainJSON(body)
	if err != nil {
		status = http.StatusInternalServerError
		text, _ = plainJSON(map[string]any{"success": false, "error": &failure{Code: "internal", Message: err.Error()}}) // strings always work
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(text) // a client that has gone cannot be told
}

// plainJSON is JSON as people read it in a terminal, where < is <.
func plainJSON(body any) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(body)
	return b.Bytes(), err
}

func (a answer) write(w http.ResponseWriter) {
	status := a.status
	if status == 0 {
		status = http.StatusOK
	}
	writeJSON(w, status, struct {
		Success bool `json:"success"`
		Data    any  `json:"data"`
	}{true, a.data})
}

func (f *failure) write(w http.ResponseWriter) {
	if f.status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "2")
	}
	writeJSON(w, f.status, struct {
		Success bool     `json:"success"`
		Error   *failure `json:"error"`
	}{false, f})
}
