package booking_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/bookiji/simcity/examples/booking"
)

// A customer holds the first free slot of the coming days and pays for it.
func Example() {
	app, err := booking.New(booking.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	call := func(token, method, path, body string) (answer map[string]any) {
		r := httptest.NewRequest(method, path, strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer "+token)
		if token == "" {
			r.Header.Del("Authorization")
		}
		w := httptest.NewRecorder()
		app.ServeHTTP(w, r)
		_ = json.Unmarshal(w.Body.Bytes(), &answer)
		return answer
	}
	login := func(name, role string) string {
		body := fmt.Sprintf(`{"email":"synthetic+%s@example.com","role":%q}`, name, role)
		return call("", http.MethodPost, "/api/test/login", body)["token"].(string)
	}

	vendor, customer := login("vera", "vendor"), login("carl", "customer")
	call(vendor, http.MethodPost, "/api/vendors", `{"handle":"spa","name":"Spa","city":"Berlin",
		"timezone":"Europe/Berlin","services":[{"name":"Massage","durationMinutes":60,"priceCents":5000}]}`)

	slots := call("", http.MethodGet, "/api/vendors/spa/slots", "")["slots"].([]any)
	slot := slots[0].(map[string]any)
	held := call(customer, http.MethodPost, "/api/bookings",
		fmt.Sprintf(`{"vendor":"spa","service":%q,"start":%q}`, slot["service"], slot["start"]))
	fmt.Println(held["id"], held["status"])

	paid := call(customer, http.MethodPost, "/api/bookings/bk_1/confirm", `{"paymentToken":"tok_visa"}`)
	fmt.Println(paid["booking"].(map[string]any)["status"], paid["charge"])
	fmt.Println(call(vendor, http.MethodPost, "/api/bookings/bk_1/accept", "")["status"])
	fmt.Println("integrity:", app.Close())
	// Output:
	// bk_1 held
	// requested map[cents:100 id:ch_1]
	// confirmed
	// integrity: <nil>
}
