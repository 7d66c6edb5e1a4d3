package testhooks_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/bookiji/simcity/chaos"
	"github.com/bookiji/simcity/simcity/testhooks"
)

// A host lets simulations in, in staging alone.
func Example() {
	hooks, err := testhooks.New(testhooks.Config{
		Environment: "staging",                // os.Getenv("APP_ENV")
		Secret:      "3f9c0a5be1d24476a0b1c2", // os.Getenv("SIMCITY_SECRET")
		Login: func(_ context.Context, c testhooks.Citizen) (testhooks.Session, error) {
			return testhooks.Session{Token: "session of " + c.Email}, nil
		},
		Hooks: chaos.Hooks{
			InvalidateCache: func(_ context.Context, share float64) (int64, error) { return int64(200 * share), nil },
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer hooks.Close(context.Background())
	mux := http.NewServeMux()
	mux.Handle("/api/test/", hooks)

	ask := func(method, path, secret, body string) {
		r := httptest.NewRequest(method, path, strings.NewReader(body))
		r.Header.Set("X-SimCity-Secret", secret)
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		text, _ := io.ReadAll(w.Body)
		fmt.Printf("%d %.60s\n", w.Code, strings.TrimSpace(string(text)))
	}
	ask("GET", "/api/test/login", "", "")
	ask("POST", "/api/test/login", "3f9c0a5be1d24476a0b1c2", `{"citizen":"customer/7","email":"synthetic+customer-7@example.com"}`)
	ask("POST", "/api/test/login", "a guess", `{}`)

	_, err = testhooks.New(testhooks.Config{Environment: "production"})
	fmt.Println(err)
	// Output:
	// 200 {"environment":"staging","syntheticLogin":true}
	// 200 {"token":"session of synthetic+customer-7@example.com"}
	// 401 {"error":{"code":"unauthorized","message":"the secret is mis
	// simcity: testhooks.Config.Environment is "production"; allowed: test, staging, recovery, local; fix: mount no test hooks in production; if this is a copy that may be filled with synthetic citizens, add it to SIMCITY_ALLOWED_ENVS
}
