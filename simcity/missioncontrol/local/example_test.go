package local_test

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"

	"github.com/bookiji/simcity/simcity/missioncontrol/local"
)

// Whoever opens the printed address is let in, and nobody else.
func Example() {
	door := local.NewDoor("sesame")
	mission := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := door.Authorize(r); err != nil {
			http.Error(w, err.Error(), http.StatusForbidden)
		}
	})
	handler := door.Handler(mission)
	ask := func(path, authorization string) int {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.Header.Set("Authorization", authorization)
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		return w.Code
	}
	fmt.Println(door.URL(&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8787}))
	fmt.Println(ask("/api/simcity/status", "Bearer sesame"), ask("/api/simcity/status", "Bearer guess"), ask("/login?token=sesame", ""))
	fmt.Println(local.CheckAddress("0.0.0.0:8787"))
	// Output:
	// http://127.0.0.1:8787/login?token=sesame
	// 200 403 303
	// 0.0.0.0:8787 is open to others: give a loopback address such as 127.0.0.1:8787
}
