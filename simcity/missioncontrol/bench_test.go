package missioncontrol_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/simcity"
	"github.com/bookiji/simcity/simcity/missioncontrol"
)

// A square is a paced run of fifty who visit once a second each, one after the other,
// from the moment at which the doors are open.
type square struct {
	doors chan struct{}
	lives sync.WaitGroup
}

const (
	squareCitizens = 50
	squareVisits   = 3 // of each
)

func (s *square) scenario() simcity.Scenario {
	s.lives.Add(squareCitizens)
	all := town()
	all.Name, all.Compression = "square", 60 // a minute is a second
	all.Populations[0].Arrivals = simcity.ArrivalsFunc(func(_ context.Context, g *simcity.Gate) error {
		for range squareCitizens {
			g.Spawn()
		}
		return nil
	})
	var born atomic.Int64
	all.Populations[0].Agent = simcity.AgentFunc(func(ctx context.Context, c *simcity.Citizen) error {
		defer s.lives.Done()
		own := time.Duration(born.Add(1)) * time.Minute / squareCitizens
		<-s.doors
		if err := c.Sleep(ctx, own); err != nil {
			return err
		}
		for range squareVisits {
			if err := visit(ctx, c, "/"+strconv.FormatInt(time.Now().UnixNano(), 10)); err != nil {
				return err
			}
			if err := c.Sleep(ctx, time.Minute); err != nil {
				return err
			}
		}
		return nil
	})
	return all
}

// An audience follows a run in a process of its own: what it does is not the server's
// work.
type audience struct {
	Lost, Doubled int
	Delays        []time.Duration // from before a visit until its event is here
}

const envAudience = "MISSIONCONTROL_TEST_AUDIENCE" // address, run and how many

// followAll is the audience's process: it says when all are there, and what they got.
func followAll(told string) {
	var addr, id string
	var count int
	if _, err := fmt.Sscan(told, &addr, &id, &count); err != nil {
		panic(err)
	}
	var there, done sync.WaitGroup
	there.Add(count)
	all := make([]audience, count)
	for i := range all {
		done.Go(func() {
			if err := all[i].follow(addr, id, there.Done); err != nil {
				panic(err)
			}
		})
	}
	there.Wait()
	fmt.Println("there")
	done.Wait()
	var sum audience
	for _, a := range all {
		sum.Lost, sum.Doubled, sum.Delays = sum.Lost+a.Lost, sum.Doubled+a.Doubled, append(sum.Delays, a.Delays...)
	}
	_ = json.NewEncoder(os.Stdout).Encode(sum)
}

// ask opens a stream.
func ask(addr, id string) (net.Conn, error) {
	conn, err := net.Dial("tcp", addr)
	if err == nil {
		_, err = fmt.Fprintf(conn, "GET /api/ops/simcity/runs/%s/stream HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\n\r\n", id, addr, token)
	}
	return conn, err
}

// follow reads a stream to its end.
func (a *audience) follow(addr, id string, there func()) error {
	conn, err := ask(addr, id)
	if err != nil {
		return err
	}
	defer conn.Close()
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return err
	}
	there()
	lines := bufio.NewScanner(response.Body)
	next, last := 0, ""
	for lines.Scan() {
		line := lines.Bytes()
		if text, ok := bytes.CutPrefix(line, []byte("id: ")); ok {
			last = string(text)
		}
		if bytes.Equal(line, []byte("event: event")) {
			index, _ := strconv.Atoi(last)
			a.Lost, a.Doubled, next = a.Lost+max(0, index-next), a.Doubled+max(0, next-index), index+1
		}
		if bytes.Equal(line, []byte("event: end")) {
			count, _ := strconv.Atoi(last)
			a.Lost += count - next
			return nil
		}
		if _, stamp, ok := bytes.Cut(line, []byte(`"input":"/`)); ok {
			stamp, _, _ = bytes.Cut(stamp, []byte(`"`))
			sent, _ := strconv.ParseInt(string(stamp), 10, 64)
			a.Delays = append(a.Delays, time.Duration(time.Now().UnixNano()-sent))
		}
	}
	return fmt.Errorf("the stream ended after %d events: %v", next, lines.Err())
}

// stall opens a stream of which the client takes nothing; blocked tells that the server
// still waits for it.
func stall(b *testing.B, d *desk, id string) (blocked *atomic.Bool) {
	blocked = &atomic.Bool{}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		blocked.Store(true)
		defer blocked.Store(false)
		d.mission.ServeHTTP(w, r)
	}))
	server.Config.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		_ = c.(*net.TCPConn).SetWriteBuffer(4096)
		return ctx
	}
	server.Start()
	conn, err := ask(server.Listener.Addr().String(), id)
	require.NoError(b, err)
	require.NoError(b, conn.(*net.TCPConn).SetReadBuffer(4096))
	b.Cleanup(func() { _ = conn.Close(); server.Close() })
	return blocked
}

// A thousand streams and one that takes nothing, over loopback, of a run that tells
// fifty events a second: how long an event is under way, whether one was lost, and how
// much longer the run takes than with nobody there.
func BenchmarkThousandStreams(b *testing.B) {
	for b.Loop() {
		alone, _ := parade(b, 0)
		watched, told := parade(b, 1000)
		if told.Lost+told.Doubled > 0 || len(told.Delays) != 1000*squareCitizens*squareVisits {
			b.Fatalf("%d events lost, %d doubled, %d visits told", told.Lost, told.Doubled, len(told.Delays))
		}
		slices.Sort(told.Delays)
		b.ReportMetric(told.Delays[len(told.Delays)/2].Seconds()*1000, "p50-ms")
		b.ReportMetric(told.Delays[len(told.Delays)*99/100].Seconds()*1000, "p99-ms")
		b.ReportMetric(100*(watched.wall.Seconds()/alone.wall.Seconds()-1), "longer-%")
		b.ReportMetric(100*(watched.busy-alone.busy).Seconds()/watched.wall.Seconds(), "busier-%")
	}
}

// An effort is what a run took, in real time and in the server's processor time.
type effort struct{ wall, busy time.Duration }

// parade lives the square before an audience.
func parade(b *testing.B, listeners int) (took effort, told audience) {
	s := &square{doors: make(chan struct{})}
	scenario := s.scenario()
	d := setup(b, func(c *missioncontrol.Config) {
		c.Scenarios, c.WriteTimeout = []simcity.Scenario{scenario}, time.Minute
	})
	id := d.data(201, "POST", "/api/simcity/start", `{"scenario":"square","clock":"paced"}`)["runId"].(string)
	blocked, heard := &atomic.Bool{}, func() {}
	if listeners > 0 {
		blocked = stall(b, d, id)
		heard = hear(b, fmt.Sprint(strings.TrimPrefix(d.url, "http://"), " ", id, " ", listeners), &told)
	}
	began, before := time.Now(), processorTime()
	close(s.doors)
	s.lives.Wait()
	took = effort{time.Since(began), processorTime() - before}
	d.data(200, "POST", "/api/simcity/stop", "")
	heard()
	require.Equal(b, listeners > 0, blocked.Load(), "who takes nothing is still there")
	return took, told
}

// hear starts an audience, waits until all are there, and returns what waits for
// what they got.
func hear(b *testing.B, what string, told *audience) func() {
	self, err := os.Executable()
	require.NoError(b, err)
	c := exec.CommandContext(b.Context(), self)
	c.Env, c.Stderr = append(os.Environ(), envAudience+"="+what), os.Stderr
	out, err := c.StdoutPipe()
	require.NoError(b, err)
	require.NoError(b, c.Start())
	lines := bufio.NewReader(out)
	_, err = lines.ReadString('\n')
	require.NoError(b, err)
	return func() {
		require.NoError(b, json.NewDecoder(lines).Decode(told))
		require.NoError(b, c.Wait())
	}
}

// processorTime is what this process has used.
func processorTime() time.Duration {
	var used syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &used)
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
