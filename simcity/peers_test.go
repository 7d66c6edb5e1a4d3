package simcity_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/simcity"
)

// Peers are compared as processes: each sends requests to a server in another
// process on loopback, and its processor time and memory are what the system
// counted. A small load is taken off, so that neither start counts.
const (
	envServer = "SIMCITY_TEST_SERVER" // this process is the server
	envPeer   = "SIMCITY_TEST_PEER"   // this process is the client: bare or citizens
	envURL    = "SIMCITY_TEST_URL"
	envUsers  = "SIMCITY_TEST_USERS"
	envEach   = "SIMCITY_TEST_EACH" // requests of each user
	envK6     = "SIMCITY_TEST_K6"   // path of k6 v1.8.1, else the one in PATH
)

// peer is what a child of the benchmark does in place of tests.
func peer() {
	users, each := number(envUsers), number(envEach)
	switch os.Getenv(envPeer) {
	case "bare":
		bareLoop(os.Getenv(envURL), users, each)
	case "citizens":
		citizensLoop(os.Getenv(envURL), users, each)
	}
}

func number(variable string) int {
	n, err := strconv.Atoi(os.Getenv(variable))
	if err != nil {
		panic(variable + ": " + err.Error())
	}
	return n
}

// answerAlone is the server, until its standard input ends.
func answerAlone() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println("http://" + listener.Addr().String())
	go func() {
		_ = http.Serve(listener, stranger(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"slots":[{"start":"2026-01-05T09:00:00Z","left":1},{"start":"2026-01-05T10:00:00Z","left":0}]}`)
		}))
	}()
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// bareLoop is as little as a client in Go can do.
func bareLoop(url string, users, each int) {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: users}}
	var all sync.WaitGroup
	for range users {
		all.Go(func() {
			for range each {
				response, err := client.Get(url + "/slots")
				if err != nil {
					panic(err)
				}
				_, _ = io.Copy(io.Discard, response.Body)
				_ = response.Body.Close()
			}
		})
	}
	all.Wait()
}

// citizensLoop is the same by citizens, whose operations are recorded, judged and
// told in events. They are all alive until the last one is done.
func citizensLoop(url string, users, each int) {
	var all sync.WaitGroup
	all.Add(users)
	scenario := sound()
	scenario.Duration = 24 * time.Hour
	scenario.Policies = simcity.DefaultPolicies()
	scenario.Policies.MaxConcurrentAgents = users
	scenario.Populations[0] = citizens("user", users, func(ctx context.Context, c *simcity.Citizen) error {
		for range each {
			if err := get(ctx, c, "/slots"); err != nil {
				panic(err)
			}
		}
		all.Done()
		return c.Sleep(ctx, 24*time.Hour)
	})
	scenario.Populations[0].StepLimit = each + 1
	running, err := simcity.New(scenario).Target(simcity.URL(url)).Clock(simcity.Paced(1)).Start(context.Background())
	if err != nil {
		panic(err)
	}
	all.Wait()
	running.Stop()
	if res := running.Wait(); res.Operations != int64(users*each) || res.Verdict != simcity.Stopped {
		panic(fmt.Sprint(res.Operations, res.Verdict, res.Reasons))
	}
}

// usage is what a process has used.
type usage struct {
	cpu    time.Duration
	memory int64 // at its height, in bytes
}

// use lets a client run to its end.
func use(b *testing.B, client *exec.Cmd) usage {
	b.Helper()
	said, err := client.CombinedOutput()
	require.NoError(b, err, string(said))
	state := client.ProcessState
	return usage{cpu: state.UserTime() + state.SystemTime(), memory: state.SysUsage().(*syscall.Rusage).Maxrss << 10}
}

// a client makes the command of so many users with so many requests each.
type client func(users, each int) *exec.Cmd

func ourselves(name, url string) client {
	return func(users, each int) *exec.Cmd {
		c := exec.Command(os.Args[0])
		c.Env = append(os.Environ(), envPeer+"="+name, envURL+"="+url, envUsers+"="+strconv.Itoa(users), envEach+"="+strconv.Itoa(each))
		return c
	}
}

const k6Script = `
import http from 'k6/http';
import { sleep } from 'k6';
export default function () {
  http.get(__ENV.TARGET + '/slots');
  if (__ENV.STAY) sleep(3);
}`

// k6 is the client of Grafana k6, nil if it is not there.
func k6(b *testing.B, url string) client {
	b.Helper()
	path := os.Getenv(envK6)
	if path == "" {
		path, _ = exec.LookPath("k6")
	}
	if path == "" {
		b.Logf("k6 is missing, so that it is not compared: go install go.k6.io/k6@v1.8.1, or give its path in %s", envK6)
		return nil
	}
	script := filepath.Join(b.TempDir(), "script.js")
	require.NoError(b, os.WriteFile(script, []byte(k6Script), 0o600))
	return func(users, each int) *exec.Cmd {
		c := exec.Command(path, "run", "--quiet", "--no-usage-report", "--vus", strconv.Itoa(users), "--iterations", strconv.Itoa(users*each), "-e", "TARGET="+url, script)
		if each == 1 { // or few users would do the work of all
			c.Args = append(c.Args, "-e", "STAY=1")
		}
		return c
	}
}

// cost is what a client needs, each figure the least of some rounds: whatever
// disturbs it adds.
type cost struct {
	cpu    time.Duration // of a request
	memory float64       // of a user who has sent one request and waits, in bytes
}

func (c *cost) least(now cost) {
	if c.cpu == 0 {
		*c = now
	}
	c.cpu, c.memory = min(c.cpu, now.cpu), min(c.memory, now.memory)
}

func (c cost) perCPUSecond() float64 { return float64(time.Second) / float64(c.cpu) }

func (c cost) String() string {
	return fmt.Sprintf("%.0f requests per CPU second, %.0f KB per idle user", c.perCPUSecond(), c.memory/1024)
}

// measure is one round.
func (c client) measure(b *testing.B) cost {
	const users, few, many = 16, 100, 2500
	const alone, crowd = 10, 510
	b.Helper()
	short, long := use(b, c(users, few)), use(b, c(users, many))
	empty, full := use(b, c(alone, 1)), use(b, c(crowd, 1))
	return cost{
		cpu:    (long.cpu - short.cpu) / (users * (many - few)),
		memory: float64(full.memory-empty.memory) / (crowd - alone),
	}
}

// What a citizen at a target elsewhere costs the machine that it runs on, beside
// a bare loop of http.Client and beside k6: in turns, three times.
func BenchmarkCitizensAgainstPeers(b *testing.B) {
	url := startServer(b)
	peers := map[string]client{"citizens": ourselves("citizens", url), "bare": ourselves("bare", url), "k6": k6(b, url)}
	least := map[string]*cost{"citizens": {}, "bare": {}, "k6": {}}
	for b.Loop() {
		for range 3 {
			for name, c := range peers {
				if c != nil {
					least[name].least(c.measure(b))
				}
			}
		}
	}
	ours, bare, other := least["citizens"], least["bare"], least["k6"]
	b.Logf("citizens: %s", ours)
	b.Logf("bare http.Client: %s", bare)
	share := ours.perCPUSecond() / bare.perCPUSecond()
	b.ReportMetric(share, "of-bare")
	if share < 0.75 {
		b.Errorf("%.2f of a bare loop's requests per CPU second, less than 0.75", share)
	}
	if peers["k6"] == nil {
		return
	}
	b.Logf("k6: %s", other)
	times, part := ours.perCPUSecond()/other.perCPUSecond(), ours.memory/other.memory
	b.ReportMetric(times, "times-k6")
	b.ReportMetric(part, "memory-of-k6")
	if times < 1.7 {
		b.Errorf("%.2f times k6's requests per CPU second, less than 1.7", times)
	}
	if part > 0.25 {
		b.Errorf("%.2f of k6's memory per idle user, more than 0.25", part)
	}
}

// startServer starts the server in a process of its own.
func startServer(b *testing.B) (url string) {
	b.Helper()
	server := exec.Command(os.Args[0])
	server.Env = append(os.Environ(), envServer+"=1")
	input, err := server.StdinPipe()
	require.NoError(b, err)
	output, err := server.StdoutPipe()
	require.NoError(b, err)
	require.NoError(b, server.Start())
	b.Cleanup(func() { _ = input.Close(); _ = server.Wait() })
	_, err = fmt.Fscanln(output, &url)
	require.NoError(b, err)
	return url
}
