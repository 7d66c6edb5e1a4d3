package staging

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
)

// LoginPath is where a target tells who it is, by GET, and where citizens log
// in, by POST.
const LoginPath = "/api/test/login"

// An Identity is what a target says of itself.
type Identity struct {
	// Environment is empty on loopback if the target has no word for it.
	Environment string
	// SyntheticLogin tells whether citizens may log in by POST [LoginPath].
	SyntheticLogin bool
}

// identityMax is how much of an answer is read.
const identityMax = 64 << 10

// Identify asks the target who it is, by a request that carries nothing but
// header. declared is the environment that it must be, empty for any of the
// rules. It returns a *[Refusal] for production, for strangers and for those who
// do not answer as agreed; a target on loopback need not have the route.
func (g *Guard) Identify(ctx context.Context, transport http.RoundTripper, header http.Header, declared string) (Identity, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, g.Base()+LoginPath, nil)
	if err != nil {
		return Identity{}, err
	}
	request.Header = header.Clone()
	response, err := transport.RoundTrip(request)
	if err != nil {
		return Identity{}, fmt.Errorf("simcity: %s did not say who it is (GET %s): %w", g, LoginPath, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, identityMax))
	if err != nil {
		return Identity{}, fmt.Errorf("simcity: %s broke off while it said who it is (GET %s): %w", g, LoginPath, err)
	}
	return g.judge(response.StatusCode, body, declared)
}

// answer is what the route says. Production is the reference app's own field.
type answer struct {
	Environment    *string `json:"environment"`
	SyntheticLogin bool    `json:"syntheticLogin"`
	Production     bool    `json:"production"`
}

// judge decides by what the target answered.
func (g *Guard) judge(status int, body []byte, declared string) (Identity, error) {
	var said answer
	told := json.NewDecoder(bytes.NewReader(body)).Decode(&said) == nil && said.Environment != nil
	environment := ""
	if told {
		environment = *said.Environment
	}
	const hooks = "mount simcity/testhooks in the staging system, so that it answers 200 {\"environment\":\"staging\",\"syntheticLogin\":true}"
	switch {
	case said.Production || isProduction(environment):
		return Identity{}, g.refuse("production, as it says itself", "nothing makes production a target: run against a staging copy")
	case told && !slices.Contains(g.environments, environment):
		return Identity{}, g.refuse("environment "+excerpt(environment), "if it is a copy that may be filled with synthetic citizens, add its name to SIMCITY_ALLOWED_ENVS")
	case told && declared != "" && environment != declared:
		return Identity{}, g.refuse("environment "+excerpt(environment)+" although "+excerpt(declared)+" was declared", "give the base URL of the environment that you mean")
	case !told && g.Loopback() && missing(status):
		return Identity{}, g.undeclared(declared)
	case status != http.StatusOK || !told:
		return Identity{}, g.refuse(fmt.Sprintf("an answer %d that does not say which environment this is", status), hooks)
	case !said.SyntheticLogin && !g.Loopback():
		return Identity{}, g.refuse("environment "+excerpt(environment)+" without synthetic login", hooks)
	}
	return Identity{Environment: environment, SyntheticLogin: said.SyntheticLogin}, nil
}

// missing tells whether a status means that there is no such route, as a
// developer's own server answers: not there, by another method, only after a
// login, or a page that is shown for everything.
func missing(status int) bool {
	switch status {
	case http.StatusOK, http.StatusUnauthorized, http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusNotImplemented:
		return true
	}
	return false
}

// undeclared lets a server on loopback through that says nothing, unless it was
// declared to be something.
func (g *Guard) undeclared(declared string) error {
	if declared == "" {
		return nil
	}
	return g.refuse("a target that does not say which environment it is although "+excerpt(declared)+" was declared", "leave out Environment for a server of your own, or let it answer GET "+LoginPath)
}

func (g *Guard) refuse(value, fix string) error {
	return &Refusal{
		Field: "Target", Value: g.String() + ", " + value,
		Allowed: "environments " + strings.Join(g.environments, ", "), Fix: fix,
	}
}
