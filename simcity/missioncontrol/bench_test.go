package missioncontrol

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"
)

// A stopwatch is a connection in memory that notes how long each write was under way.
type stopwatch struct {
	header http.Header
	sent   *[eventsTimed]time.Time
	took   []time.Duration
	next   int
}

// eventsTimed is how many events the benchmark delivers.
const eventsTimed = 100

func (s *stopwatch) Header() http.Header { return s.header }
func (s *stopwatch) WriteHeader(int)     {}
func (s *stopwatch) Flush()              {}
func (s *stopwatch) Write(b []byte) (int, error) {
	for _, c := range b {
		if c == '!' { // one event
			s.took = append(s.took, time.Since(s.sent[s.next]))
			s.next++
		}
	}
	return len(b), nil
}

// A thousand streams of a run that tells 50 events a second: how long an event is
// under way to a connection, sockets apart.
func BenchmarkThousandStreams(b *testing.B) {
	const listeners = 1000
	for b.Loop() {
		f := newFeed(1000, 1<<20)
		h := &Handler{config: Config{}.WithDefaults()}
		go f.broadcast(context.Background(), time.Second, func() []byte { return []byte("beat") })
		var sent [eventsTimed]time.Time
		all := make([]*stopwatch, listeners)
		var done sync.WaitGroup
		for i := range all {
			all[i] = &stopwatch{header: http.Header{}, sent: &sent}
			done.Go(func() {
				_ = h.follow(context.Background(), &outlet{w: all[i], control: http.NewResponseController(all[i]), timeout: time.Second}, f, 0)
			})
		}
		pace := time.NewTicker(20 * time.Millisecond)
		for i := range sent {
			<-pace.C
			sent[i] = time.Now()
			f.append([]byte("!"), nil)
		}
		pace.Stop()
		f.finish([]byte("end"))
		done.Wait()
		var took []time.Duration
		for _, s := range all {
			if s.next != eventsTimed {
				b.Fatalf("%d of %d events", s.next, eventsTimed)
			}
			took = append(took, s.took...)
		}
		slices.Sort(took)
		b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
		b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	}
}
