package supabase

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/go-resty/resty/v2"

	"github.com/bookiji/simcity/simcity/telemetry"
)

// schemaVersion is that of package postgres, which has the migrations.
const schemaVersion = 4

// A Refusal is what the REST interface answers instead of rows.
type Refusal struct {
	// Status is the HTTP status.
	Status int `json:"-"`
	// Code is a SQLSTATE, or a PGRST code of PostgREST, or empty if a gateway
	// before it answered. https://docs.postgrest.org/en/stable/references/errors.html
	Code    string `json:"code"`
	Details string `json:"details"`
	Hint    string `json:"hint"`
	Message string `json:"message"`
}

func (r *Refusal) Error() string {
	text := fmt.Sprintf("status %d", r.Status)
	for _, part := range []string{r.Code, r.Message, r.Details, r.Hint} {
		if part != "" {
			text += ": " + part
		}
	}
	return text
}

// Transient tells whether the same call may succeed later: too many requests, and
// all errors of the server's own.
func (r *Refusal) Transient() bool {
	return r.Status == http.StatusTooManyRequests || r.Status == http.StatusRequestTimeout || r.Status >= http.StatusInternalServerError
}

// refusal reads an answer that is an error.
func refusal(response *resty.Response) *Refusal {
	r := new(Refusal)
	if json.Unmarshal(response.Body(), r) != nil {
		const excerpt = 200
		*r = Refusal{Message: strings.ToValidUTF8(string(response.Body()[:min(len(response.Body()), excerpt)]), "\uFFFD")}
	}
	r.Status = response.StatusCode()
	return r
}

// code is the SQLSTATE or PGRST code of an error, or empty.
func code(err error) string {
	var r *Refusal
	if errors.As(err, &r) {
		return r.Code
	}
	return ""
}

// isBadUUID tells whether a text was refused as a UUID.
func isBadUUID(err error) bool { return code(err) == "22P02" }

// network is the error of a call that got no answer.
func (s *Store) network(ctx context.Context, err error) error {
	failure := s.hide(fmt.Errorf("telemetry: %s: %w; see that %s is the project's address, and that the project is not paused", s, err, EnvURL))
	if ctx.Err() != nil {
		return failure
	}
	return telemetry.MarkTransient(failure)
}

// explain names the project and says what to do about an answer that is an error.
func (s *Store) explain(table string, r *Refusal) error {
	failure := fmt.Errorf("telemetry: %s: %w", s, r)
	switch {
	case table == versionTable && (r.Code == "42P01" || r.Code == "PGRST205"), r.Code == "42703", r.Code == "PGRST204":
		return s.mismatch(0, "")
	case r.Code == "42P01", r.Code == "PGRST205":
		return s.mismatch(0, table)
	case r.Status == http.StatusUnauthorized:
		failure = fmt.Errorf("%w; the key is wrong or has expired: set %s to one of the project's settings, API keys", failure, EnvKey)
	case r.Code == "42501":
		failure = fmt.Errorf("%w; set %s to the key of service_role, and see that all migrations ran: they grant it", failure, EnvKey)
	case r.Code == "PGRST106":
		failure = fmt.Errorf("%w; expose the schema public in the project's settings, Data API", failure)
	case r.Status == http.StatusNotFound && r.Code == "", r.Status < http.StatusBadRequest:
		failure = fmt.Errorf("%w; no REST interface answers there: set %s to the project's address", failure, EnvURL)
	}
	return s.hide(failure)
}

// hide takes the key out of an error, where somebody echoed it.
func (s *Store) hide(err error) error {
	if strings.Contains(err.Error(), s.key) {
		told := errors.New(strings.ReplaceAll(err.Error(), s.key, "***"))
		if telemetry.Transient(err) {
			return telemetry.MarkTransient(told)
		}
		return told
	}
	return err
}

func (s *Store) mismatch(have int, missing string) error {
	mismatch := &telemetry.SchemaError{Store: s.name, Have: have, Want: schemaVersion, Missing: missing}
	switch {
	case have > schemaVersion:
		return mismatch
	case missing != "": // the Supabase CLI takes no file twice
		return fmt.Errorf("%w -write folder, and then its files again in the project's SQL editor: what is there stays as it is", mismatch)
	}
	return fmt.Errorf("%w -write supabase/migrations, and then supabase db push", mismatch)
}
