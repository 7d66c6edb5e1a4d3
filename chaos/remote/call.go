package remote

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/bookiji/simcity/simcity"
)

// prefix is where hosts mount their test hooks.
const prefix = "/api/test"

// answerMax is how much of an answer is read.
const answerMax = 1 << 20

// An Error is what the host answered in place of what was asked.
type Error struct {
	// Call is method and path, Status that of HTTP.
	Call   string
	Status int
	// Code and Message are the host's, as package testhooks writes them. Field,
	// Allowed and Fix may be empty.
	Code    string `json:"code"`
	Message string `json:"message"`
	Field   string `json:"field"`
	Allowed string `json:"allowed"`
	Fix     string `json:"fix"`
}

func (e *Error) Error() string {
	text := fmt.Sprintf("the host answered %s with %d", e.Call, e.Status)
	if e.Message != "" {
		text += ": " + e.Message
	}
	if e.Fix != "" {
		text += "; fix: " + e.Fix
	}
	return text
}

// Is makes errors.Is(err, &Error{Code: "lease_ended"}) ask for a code.
func (e *Error) Is(other error) bool {
	o, ok := other.(*Error)
	return ok && o.Code == e.Code
}

// A way leads to the test hooks of a host. Its client sends their secret.
type way struct {
	client *http.Client
	base   string
}

// within is the way of those who act in the run, whose ctx says who they are, and
// beside that of those who do not.
func within(w *simcity.World) way { return way{w.Client(), w.BaseURL()} }
func beside(w *simcity.World) way { return way{w.Aside(), w.BaseURL()} }

// call asks for something. in and out are JSON; nil is none.
func (y way) call(ctx context.Context, method, path string, in, out any) error {
	body := []byte("{}")
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return fmt.Errorf("remote: %w", err)
		}
	}
	request, err := http.NewRequestWithContext(ctx, method, y.base+prefix+path, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("remote: %w", err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := y.client.Do(request)
	if err != nil {
		return fmt.Errorf("remote: %w", err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, answerMax))
	if err != nil {
		return fmt.Errorf("remote: %s %s: %w", method, prefix+path, err)
	}
	return understand(method+" "+prefix+path, response.StatusCode, text, out)
}

// understand reads an answer.
func understand(asked string, status int, text []byte, out any) error {
	if status >= 300 {
		var told struct{ Error *Error }
		if json.Unmarshal(text, &told) != nil || told.Error == nil {
			told.Error = &Error{Fix: "mount package simcity/testhooks in the host"}
		}
		told.Error.Call, told.Error.Status = asked, status
		return fmt.Errorf("remote: %w", told.Error)
	}
	if err := json.Unmarshal(text, out); err != nil {
		return fmt.Errorf("remote: %s was answered with something else than package testhooks does: %w", asked, err)
	}
	return nil
}

// isCode tells whether the host answered an error of this code.
func isCode(err error, code string) bool { return errors.Is(err, &Error{Code: code}) }

// names joins what there is, for messages.
func names(all []string) string {
	if len(all) == 0 {
		return "none"
	}
	return strings.Join(all, ", ")
}
