package shop

import (
	"fmt"
	"hash/fnv"
	"maps"
	oldrand "math/rand"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"
)

// chance answers after a time that depends on all that is left to chance: map
// order, select, math/rand and timers that are due at one instant.
func (s *Shop) chance(w http.ResponseWriter, r *http.Request) {
	var seen strings.Builder
	small, large, grown := map[string]int{"a": 1, "b": 2, "c": 3}, make(map[string]int, 100), map[int]bool{}
	for i := range 40 {
		large[fmt.Sprint(r.PathValue("what"), i)] = i
		grown[i*i] = true
	}
	for k := range small {
		seen.WriteString(k)
	}
	for k := range large {
		seen.WriteString(k)
	}
	for k := range grown {
		fmt.Fprint(&seen, k)
	}
	for k := range maps.Keys(codes) {
		fmt.Fprint(&seen, k)
	}
	one, two, three := make(chan int, 4), make(chan int, 4), make(chan int, 4)
	for i := range 4 {
		one <- i
		two <- 10 + i
		three <- 20 + i
	}
	for range 12 {
		select {
		case n := <-one:
			fmt.Fprint(&seen, n)
		case n := <-two:
			fmt.Fprint(&seen, n)
		case n := <-three:
			fmt.Fprint(&seen, n)
		}
	}
	fmt.Fprint(&seen, rand.IntN(1e9), oldrand.Intn(1e9), oldrand.Float64())
	var all sync.WaitGroup
	for i := range 5 {
		all.Add(1)
		time.AfterFunc(time.Second, func() {
			defer all.Done()
			number := rand.IntN(1e9)
			s.mu.Lock()
			defer s.mu.Unlock()
			fmt.Fprint(&seen, i, number)
		})
		all.Go(func() {
			time.Sleep(time.Second)
			s.mu.Lock()
			defer s.mu.Unlock()
			fmt.Fprint(&seen, i, rand.IntN(1e9))
		})
	}
	all.Wait()
	sum := fnv.New32()
	_, _ = sum.Write([]byte(seen.String()))
	time.Sleep(time.Duration(sum.Sum32()))
	fmt.Fprint(w, r.RemoteAddr, time.Now().UnixNano())
}

// codes is a map that was made before anybody came.
var codes = func() map[int]string {
	all := map[int]string{}
	for i := range 60 {
		all[i*7] = fmt.Sprint(i)
	}
	return all
}()

// draw leaves a lot to chance: map order, select and math/rand.
func draw() string {
	one, two := make(chan string, 1), make(chan string, 1)
	one <- "one"
	two <- "two"
	hall := ""
	select {
	case hall = <-one:
	case hall = <-two:
	}
	for row := range map[string]int{"A": 1, "B": 2, "C": 3, "D": 4, "E": 5, "F": 6, "G": 7, "H": 8} {
		return fmt.Sprint("seat ", hall, row, rand.IntN(20))
	}
	return ""
}

// lot gives a seat that is drawn, and does not look whether somebody has it.
func (s *Shop) lot(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, draw()) }

func (s *Shop) lotRight(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	seat := draw()
	for s.taken[seat] != "" {
		seat = draw()
	}
	s.taken[seat] = r.RemoteAddr
	fmt.Fprint(w, seat)
}
