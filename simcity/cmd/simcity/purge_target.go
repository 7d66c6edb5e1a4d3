package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"time"

	"github.com/bookiji/simcity/chaos/remote"
	"github.com/bookiji/simcity/internal/staging"
	"github.com/bookiji/simcity/simcity"
)

// envSecret is the secret of the test hooks of targets. There is no flag for it:
// other users of a machine see a command line.
const envSecret = "SIMCITY_SECRET"

// purgeTarget counts what synthetic citizens have left in a staging system and, if
// it is told so, removes it.
func purgeTarget(target string, yes bool, out, complaints io.Writer) int {
	secret := os.Getenv(envSecret)
	if secret == "" {
		return misused(complaints, "set %s to the secret of the test hooks at %s", envSecret, target)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	guard, err := staging.New(target, staging.FromEnvironment())
	if err != nil {
		return failed(complaints, err)
	}
	transport := &http.Transport{DialContext: guard.DialContext, ResponseHeaderTimeout: 30 * time.Second}
	defer transport.CloseIdleConnections()
	if _, err := guard.Identify(ctx, transport, http.Header{}, ""); err != nil {
		return failed(complaints, err)
	}
	client := &http.Client{Transport: &secretly{transport, guard, secret}, CheckRedirect: noRedirect}
	rows, err := remote.Purge(ctx, client, guard.Base(), !yes)
	if err != nil {
		return failed(complaints, err)
	}
	told := "removed"
	if !yes {
		told = "to be removed with -yes"
	}
	for _, table := range slices.Sorted(maps.Keys(rows)) {
		fmt.Fprintf(out, "%8d %s %s\n", rows[table], table, told)
	}
	return exitOK
}

// secretly sends the secret to the target that was looked at, and to nobody else.
type secretly struct {
	transport http.RoundTripper
	guard     *staging.Guard
	secret    string
}

func (s *secretly) RoundTrip(request *http.Request) (*http.Response, error) {
	if err := s.guard.Allowed(request.URL); err != nil {
		return nil, err
	}
	request = request.Clone(request.Context())
	request.Header.Set(simcity.HeaderSecret, s.secret)
	return s.transport.RoundTrip(request)
}

// noRedirect takes a redirect for the answer.
func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
