package simcity_test

import (
	"context"
	crand "crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	mrand "math/rand"
	"net/http"
	"regexp"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/simcity"
)

// busyHost has what real hosts have: tickers, goroutines per request, locks,
// seams and deadlines.
func busyHost(*simcity.World) (http.Handler, error) {
	var mu sync.Mutex
	left := map[string]int{}
	go func() {
		for range time.Tick(7 * time.Second) {
			mu.Lock()
			left["/slot"] = 5
			mu.Unlock()
		}
	}()
	take := func(path string) bool {
		mu.Lock()
		defer mu.Unlock()
		left[path]--
		return left[path] >= 0
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), 3*time.Second)
		defer cancel()
		var both sync.WaitGroup
		for _, seam := range []string{"store.read", "cache.read"} {
			both.Go(func() { _ = simcity.Yield(ctx, seam) })
		}
		both.Wait()
		time.Sleep(time.Duration(len(r.RemoteAddr)) * time.Millisecond)
		if !take(r.URL.Path) {
			w.WriteHeader(http.StatusConflict)
		}
	}), nil
}

// busyCity has citizens who come together at every instant.
func busyCity() *simcity.Simulation {
	crowd := citizens("customer", 12, func(ctx context.Context, c *simcity.Citizen) error {
		for {
			if err := c.Sleep(ctx, time.Duration(c.Rand().IntN(4))*time.Minute); err != nil {
				return err
			}
			_ = get(ctx, c, "/slot")
		}
	})
	return city(nil, crowd).Target(simcity.InProcess(busyHost))
}

func TestSameSeedSameDigest(t *testing.T) {
	t.Parallel()
	first := busyCity().Seed(7).Simulate(t)
	require.Equal(t, simcity.Pass, first.Verdict, first.Reasons)
	require.Greater(t, first.Operations, int64(200))
	for range 50 {
		require.Equal(t, first.Digest, busyCity().Seed(7).Simulate(t).Digest)
	}
}

func TestAnotherSeedAnotherDigest(t *testing.T) {
	t.Parallel()
	require.NotEqual(t, busyCity().Seed(7).Simulate(t).Digest, busyCity().Seed(8).Simulate(t).Digest)
}

func TestOneSimulationRunsManyTimes(t *testing.T) {
	t.Parallel()
	s := busyCity()
	require.Equal(t, s.Simulate(t).Digest, s.Simulate(t).Digest)
}

func TestDigestIsTheSameInAnotherProcessOnAnyNumberOfProcessors(t *testing.T) {
	t.Parallel()
	digest := busyCity().Seed(7).Simulate(t).Digest.String()
	if inChild() {
		fmt.Println("digest of the child:", digest)
		return
	}
	for _, processors := range []string{"1", "2"} {
		output, ok := inOwnProcess(t, t.Name(), "GOMAXPROCS="+processors)
		require.True(t, ok, "%s", output)
		require.Contains(t, output, "digest of the child: "+digest, "on %s processors", processors)
	}
}

// Whoever is alone in the process and takes turns needs one processor: a day in memory
// takes two thirds of the time then.
func TestVirtualRunHasOneProcessorUnlessToldOtherwise(t *testing.T) {
	if !inChild() {
		t.Parallel()
		for setting, seen := range map[string]string{"": "1 of 3", "3": "3 of 3"} {
			output, ok := inOwnProcess(t, t.Name(), "GOMAXPROCS="+setting)
			require.True(t, ok, "%s", output)
			require.Contains(t, output, "processors: "+seen, "GOMAXPROCS=%s", setting)
		}
		return
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(3))
	var during int
	city(func(http.ResponseWriter, *http.Request) { during = runtime.GOMAXPROCS(0) }, citizens("one", 1, visitor)).Run(t)
	fmt.Printf("processors: %d of %d\n", during, runtime.GOMAXPROCS(0))
}

// choices are the first random numbers of each citizen of a population.
func choices(t *testing.T, others ...simcity.Population) map[string][]int {
	t.Helper()
	chosen := map[string][]int{}
	chooser := citizens("chooser", 3, func(ctx context.Context, c *simcity.Citizen) error {
		for range 10 {
			chosen[c.ID()] = append(chosen[c.ID()], c.Rand().IntN(1000))
			_ = c.Sleep(ctx, time.Minute)
		}
		return get(ctx, c, "/")
	})
	chooser.Personas = []simcity.Persona{{Name: "calm"}, {Name: "angry"}}
	city(hello, append(others, chooser)...).Seed(7).Simulate(t)
	return chosen
}

func TestMoreCitizensLeaveTheOthersChoicesAlone(t *testing.T) {
	t.Parallel()
	alone := choices(t)
	require.Len(t, alone, 3)
	require.NotEqual(t, alone["chooser/1"], alone["chooser/2"])
	require.Equal(t, alone, choices(t, citizens("crowd", 30, regular)))
}

func TestStreamsOfDifferentNamesAreIndependent(t *testing.T) {
	t.Parallel()
	draw := func(names ...string) map[string]uint64 {
		drawn := map[string]uint64{}
		simcity.New(sound()).Target(simcity.InProcess(func(w *simcity.World) (http.Handler, error) {
			for _, name := range names {
				drawn[name] = w.Rand(name).Uint64()
			}
			return http.HandlerFunc(hello), nil
		})).Simulate(t)
		return drawn
	}
	both := draw("tokens", "weather")
	require.NotEqual(t, both["tokens"], both["weather"])
	require.Equal(t, both["tokens"], draw("tokens")["tokens"], "nobody's draws depend on another stream")
	require.Equal(t, both, draw("weather", "tokens"))
}

// fickle is a host whose answers depend on more than the seed.
func fickle(answer func() string) simcity.Target {
	return inProcess(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, answer()) })
}

// reader tells as input what the host answered.
func reader(ctx context.Context, c *simcity.Citizen) error {
	return c.Do(ctx, "read", nil, func(ctx context.Context, op *simcity.Operation) error {
		request, _ := http.NewRequestWithContext(ctx, http.MethodGet, c.BaseURL()+"/", nil)
		response, err := c.Client().Do(request)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		op.Learn(simcity.Fact{Kind: simcity.Saw, ID: string(body)})
		return err
	})
}

func TestVerifyNamesTheFirstEventThatDiffers(t *testing.T) {
	shelf := map[string]bool{}
	for i := range 100 {
		shelf[fmt.Sprint("thing ", i)] = true
	}
	for name, answer := range map[string]func() string{
		"math/rand": func() string { return fmt.Sprint(mrand.Int63()) },
		"map order": func() string { return fmt.Sprint(firstOf(shelf), firstOf(shelf), firstOf(shelf), firstOf(shelf)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("SIMCITY_VERIFY", "1")
			res := simcity.New(sound()).Target(fickle(answer)).Populate(citizens("reader", 1, reader)).Seed(7).Simulate(t)
			require.Equal(t, simcity.Fail, res.Verdict)
			f := onlyFinding(t, res, simcity.FindingDiffers)
			require.Contains(t, f.Text, "two runs of seed 7 differ from event ")
			require.Regexp(t, regexp.MustCompile(`first:  .*reader/1 operation .*\n.*second: .*reader/1 operation `), f.Text)
			require.Contains(t, f.Text, "math/rand")
			require.Contains(t, res.Explain(), "two runs of seed 7 differ")
		})
	}
}

func firstOf(shelf map[string]bool) string {
	for name := range shelf {
		return name
	}
	return ""
}

func TestVerifyPassesAHostThatRepeats(t *testing.T) {
	t.Setenv("SIMCITY_VERIFY", "1")
	res := busyCity().Simulate(t)
	require.Equal(t, simcity.Pass, res.Verdict, res.Reasons)
}

func token() string {
	var b [16]byte
	_, _ = crand.Read(b[:])
	return hex.EncodeToString(b[:])
}

func TestHostThatDrawsTokensFromCryptoRandRepeats(t *testing.T) {
	read := func(seed uint64) *simcity.Result {
		return simcity.New(sound()).Target(fickle(token)).Populate(citizens("reader", 3, reader)).Seed(seed).Simulate(t)
	}
	first := read(7)
	for range 5 {
		require.Equal(t, first.Digest, read(7).Digest)
	}
	require.NotEqual(t, first.Digest, read(8).Digest)
}

func TestParallelTestIsToldThatCryptoRandDoesNotRepeat(t *testing.T) {
	t.Parallel()
	res := simcity.New(sound()).Target(fickle(token)).Simulate(t)
	f := onlyFinding(t, res, simcity.FindingRandom)
	require.Equal(t, simcity.NoteFinding, f.Severity)
	require.Contains(t, f.Text, "crypto/rand does not follow the seed in a parallel test")
}

func TestUnfairScheduleWouldMissTheRace(t *testing.T) {
	t.Parallel()
	// A host that checks and then inserts, with a seam between: two customers who
	// come at one instant are both served, under some seeds and not under others.
	double := 0
	for seed := range uint64(40) {
		sold := 0
		city(func(w http.ResponseWriter, r *http.Request) {
			free := sold == 0
			_ = simcity.Yield(r.Context(), "store.insert")
			if free {
				sold++
			}
		}, citizens("customer", 2, visitor)).Seed(seed).Simulate(t)
		if sold == 2 {
			double++
		}
	}
	require.Greater(t, double, 5)
	require.Less(t, double, 35)
}

// background is a host that answers at once and goes on working for the request.
func background(work func(ctx context.Context, w *simcity.World)) simcity.Target {
	return simcity.InProcess(func(w *simcity.World) (http.Handler, error) {
		return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			go work(context.WithoutCancel(r.Context()), w)
		}), nil
	})
}

func TestHostThatGoesOnInTheBackgroundRepeats(t *testing.T) {
	t.Parallel()
	for name, work := range map[string]func(context.Context, *simcity.World){
		"at a seam":   func(ctx context.Context, _ *simcity.World) { _ = simcity.Yield(ctx, "outbox.send") },
		"in the log":  func(_ context.Context, w *simcity.World) { w.Note("sent") },
		"on its time": func(_ context.Context, w *simcity.World) { <-time.After(time.Millisecond); w.Note("sent") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run := func() simcity.Digest {
				return city(nil, citizens("customer", 5, func(ctx context.Context, c *simcity.Citizen) error {
					for {
						if err := c.Sleep(ctx, time.Duration(c.Rand().IntN(100))*time.Second); err != nil {
							return err
						}
						_ = get(ctx, c, "/first")
						_ = get(ctx, c, "/second")
					}
				})).Target(background(work)).Simulate(t).Digest
			}
			first := run()
			for range 30 {
				require.Equal(t, first, run())
			}
		})
	}
}

// They share one crypto/rand, so that the draws of one come between those of another.
func TestRunsThatOverlapInATestSayThatRandomnessFollowsNoSeed(t *testing.T) {
	begun, over := make(chan struct{}), make(chan struct{})
	var second *simcity.Result
	go func() {
		defer close(over)
		<-begun
		second = city(hello, citizens("second", 1, visitor)).Simulate(t)
	}()
	first := city(func(http.ResponseWriter, *http.Request) { close(begun); <-over }, citizens("first", 1, visitor)).Simulate(t)
	for _, res := range []*simcity.Result{first, second} {
		require.Equal(t, simcity.Pass, res.Verdict)
		require.Contains(t, onlyFinding(t, res, simcity.FindingRandom).Text, "where runs of a test overlap")
	}
	alone := city(hello, citizens("third", 1, visitor)).Simulate(t)
	require.Empty(t, findings(alone, simcity.FindingRandom))
}
