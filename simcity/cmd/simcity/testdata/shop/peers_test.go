package shop_test

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"example.com/shop"
)

// What people use today, on the same shop with the same three customers who come
// to the same five rounds. Each way looks for a token that was given twice, for
// customers who wait for one another for good and for keepers who stay on.
var peers = map[string]func(mode string, try int) (found bool){
	"synctest": inBubble,
	"bursts":   inBurst,
	"rapid":    byRapid,
}

// TestPeer tries SHOP_MODES in the way of SHOP_PEER, each as often as it says.
func TestPeer(t *testing.T) {
	look := peers[os.Getenv("SHOP_PEER")]
	for mode := range strings.SplitSeq(os.Getenv("SHOP_MODES"), ",") {
		name, count, _ := strings.Cut(mode, "=")
		tries, err := strconv.Atoi(count)
		if err != nil {
			t.Fatal(err)
		}
		r := report{Mode: name, Seeds: tries}
		began := time.Now()
		for try := range tries {
			fmt.Println("SEED", try+1)
			if look(name, try+1) {
				r.First, r.FirstMillis = try+1, time.Since(began).Seconds()*1000
				break
			}
		}
		r.Millis = time.Since(began).Milliseconds()
		text, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Printf("REPORT %s\n", text)
	}
}

// rounds lets three customers ask five times, each after the pauses that pause
// says, and tells whether something was wrong.
func rounds(mode string, pause func(customer, round int) time.Duration) bool {
	s := shop.New()
	var mu sync.Mutex
	given, twice := map[string]bool{}, false
	var all sync.WaitGroup
	for customer := range 3 {
		all.Go(func() {
			for round := range 5 {
				time.Sleep(pause(customer, round))
				request := httptest.NewRequest("GET", fmt.Sprintf("/%s/%d", mode, round), nil)
				request.Header.Set("From", fmt.Sprint("customer/", customer+1))
				answer := httptest.NewRecorder()
				s.ServeHTTP(answer, request)
				mu.Lock()
				token := answer.Body.String()
				twice = twice || token != "" && answer.Code == 200 && given[token]
				given[token] = true
				mu.Unlock()
			}
		})
	}
	all.Wait()
	_ = s.Close()
	time.Sleep(time.Millisecond)
	return twice || s.Keepers() > 0
}

func atOnce(int, int) time.Duration { return time.Minute }

// hangs tells whether f does not end: its customers wait for one another.
func hangs(f func()) bool {
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() { _ = recover() }() // a bubble that ends with goroutines left
		f()
	}()
	select {
	case <-done:
		return false
	case <-time.After(5 * time.Second):
		return true
	}
}

// inBubble is testing/synctest alone: all come at the same simulated instant.
func inBubble(mode string, _ int) (found bool) {
	hung := hangs(func() { synctest.Test(&testing.T{}, func(*testing.T) { found = rounds(mode, atOnce) }) })
	return hung || found
}

// inBurst is goroutines that run at once in real time.
func inBurst(mode string, _ int) (found bool) {
	hung := hangs(func() { found = rounds(mode, func(int, int) time.Duration { return 0 }) })
	return hung || found
}

// byRapid draws the pauses of all customers, in a bubble.
func byRapid(mode string, try int) (found bool) {
	pauses := rapid.SliceOfN(rapid.IntRange(0, 3), 15, 15).Example(try)
	hung := hangs(func() {
		synctest.Test(&testing.T{}, func(*testing.T) {
			found = rounds(mode, func(customer, round int) time.Duration {
				return time.Duration(pauses[5*customer+round]) * time.Minute
			})
		})
	})
	return hung || found
}
