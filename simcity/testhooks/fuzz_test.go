package testhooks_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// Whatever is sent, the answer is JSON with a status that fits, and nothing stays
// broken.
func FuzzCalls(f *testing.F) {
	for _, seed := range []string{
		openData, `{"type":"RATE_LIMIT_BURST","parameters":{"multiplier":1e3}}`, `{"email":"synthetic+a@example.com"}`, `{"dryRun":true}`,
		`{"parameters":null,"leaseSeconds":-1}`, "{\"email\":\"\xff\"}", `null`, `{"type":"RLS_MISCONFIG"}{}`, `{"DRYRUN":false,"dryRun":true}`, `{"type":{}}`,
	} {
		for i := range routes {
			f.Add(uint8(i), []byte(seed))
		}
	}
	f.Fuzz(func(t *testing.T, route uint8, body []byte) {
		h := setup(t)
		r := httptest.NewRequest("POST", "/api/test/"+routes[int(route)%len(routes)], bytes.NewReader(body))
		r.Header.Set("X-Simcity-Secret", secret)
		w := httptest.NewRecorder()
		h.hooks.ServeHTTP(w, r)
		require.True(t, json.Valid(w.Body.Bytes()), w.Body.String())
		require.NotContains(t, w.Body.String(), secret)
		known := []int{http.StatusOK, http.StatusCreated, http.StatusBadRequest, http.StatusRequestEntityTooLarge}
		require.True(t, slices.Contains(known, w.Code), "%d %s", w.Code, w.Body)
		require.NoError(t, h.hooks.Close(context.Background()))
		require.Empty(t, h.lies())
	})
}

var routes = []string{"login", "faults", "purge"}
