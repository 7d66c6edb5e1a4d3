package testhooks

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/bookiji/simcity/simcity"
)

// A failure is the error of a call, as it is answered.
type failure struct {
	status  int
	Code    string `json:"code"`
	Message string `json:"message"`
	Field   string `json:"field,omitempty"`
	Value   string `json:"value,omitempty"`
	Allowed string `json:"allowed,omitempty"`
	Fix     string `json:"fix,omitempty"`
}

func (f *failure) Error() string { return f.Message }

// wrong is the failure of a field.
func wrong(field string, value any, allowed, fix string) *failure {
	text := shortened(fmt.Sprint(value))
	return &failure{
		status: http.StatusBadRequest, Code: "invalid_field", Field: field, Value: text, Allowed: allowed, Fix: fix,
		Message: fmt.Sprintf("%s is %s; allowed: %s", field, text, allowed),
	}
}

// notOffered is the failure of a call for which the host gave nothing.
func notOffered(field, allows string) *failure {
	return &failure{
		status: http.StatusNotImplemented, Code: "not_offered", Message: "this host does not offer it: " + allows,
		Fix: "set testhooks.Config." + field,
	}
}

// failedHook is the failure of something that the host gave. Its mistakes in
// fields are the caller's.
func failedHook(what string, err error) error {
	var f *failure
	var field *simcity.FieldError
	switch {
	case errors.As(err, &f):
		return f
	case errors.As(err, &field):
		return wrong(field.Field, field.Value, field.Allowed, field.Fix)
	}
	return &failure{status: http.StatusInternalServerError, Code: "hook_failed", Message: what + " failed: " + err.Error()}
}

// shortened keeps answers readable, whatever was sent.
func shortened(text string) string {
	const most = 200
	if len(text) > most {
		return strings.ToValidUTF8(text[:most], "") + "..."
	}
	return text
}

// write answers a value or, if err is not nil, its failure without the secret.
func (h *Handler) write(w http.ResponseWriter, status int, value any, err error) {
	if err != nil {
		f := asFailure(err)
		for _, text := range []*string{&f.Message, &f.Value, &f.Field, &f.Allowed, &f.Fix} {
			*text = h.hide(*text)
		}
		status, value = f.status, map[string]any{"error": f}
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false) // no browser takes it for a page
	if err := encoder.Encode(value); err != nil {
		status, text = http.StatusInternalServerError, *bytes.NewBufferString(`{"error":{"code":"internal","message":"the answer is no JSON"}}`)
	}
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(text.Bytes()) // a client that has gone cannot be told
}

// asFailure is any error as a failure of the caller's own to change.
func asFailure(err error) *failure {
	var f *failure
	if errors.As(err, &f) {
		own := *f
		return &own
	}
	return &failure{status: http.StatusInternalServerError, Code: "internal", Message: err.Error()}
}

// hide takes the secret out of a text: a host's error may quote what it was sent.
func (h *Handler) hide(text string) string {
	return strings.ReplaceAll(text, h.config.Secret, "[hidden]")
}
