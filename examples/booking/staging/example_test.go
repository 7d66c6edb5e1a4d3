package staging_test

import (
	"context"
	"fmt"
	"io"
	"net/http/httptest"
	"strings"

	"github.com/bookiji/simcity/examples/booking/staging"
	"github.com/bookiji/simcity/simcity"
)

// The marketplace says who it is, lets a citizen in, and tells what a purge would
// remove.
func Example() {
	const secret = "correct-horse-battery-staple"
	market, err := staging.New(context.Background(), staging.Config{Environment: "staging", Secret: secret})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer market.Close(context.Background())
	ask := func(method, path, body string) string {
		r := httptest.NewRequest(method, path, strings.NewReader(body))
		r.Header.Set(simcity.HeaderSecret, secret)
		w := httptest.NewRecorder()
		market.ServeHTTP(w, r)
		text, _ := io.ReadAll(w.Body)
		return strings.TrimSpace(string(text))
	}
	fmt.Println(ask("GET", "/api/test/login", ""))
	ask("POST", "/api/test/login", `{"email":"synthetic+ann-1@example.com","role":"customer"}`)
	fmt.Println(ask("POST", "/api/test/purge", `{"dryRun":true}`))
	// Output:
	// {"environment":"staging","syntheticLogin":true}
	// {"dryRun":true,"rows":{"bookings":0,"idempotencyKeys":0,"ledgerEntries":0,"messages":0,"sessions":1,"users":1,"vendors":0}}
}
