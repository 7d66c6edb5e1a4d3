package booking_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/agents"
	"github.com/bookiji/simcity/examples/booking"
	"github.com/bookiji/simcity/internal/cputime"
	"github.com/bookiji/simcity/scenarios"
	"github.com/bookiji/simcity/simcity"
)

// hour is a small city: an hour of the baseline with two vendors and five
// customers, judged by the whole catalogue. What so short a life leaves unchecked
// is allowed.
func hour(bugs ...booking.Bug) *simcity.Simulation {
	scenario := scenarios.Baseline()
	scenario.Name, scenario.Duration, scenario.AllowEmpty = "hour", time.Hour, []string{"*"}
	vendors, customers := scenario.Populations[0], scenario.Populations[2]
	vendors.Arrivals = agents.Burst{N: 2}
	customers.Arrivals = agents.Burst{N: 5, At: time.Minute}
	scenario.Populations = []simcity.Population{vendors, customers}
	return simcity.New(scenario).Target(simcity.InProcess(newCity(bugs...)))
}

// One-hour seeds per second of processor time, one after the other on one processor, as
// a sweep's worker runs them, in stretches of 200: the first of a process are slow. The
// goal of 300 is for a processor that has nothing else to do. One that shares its core
// with strangers is up to half as fast, for seconds or for minutes, and so the best
// stretch tells what SimCity costs, and the median how this machine was.
func BenchmarkSeedsOfAnHour(b *testing.B) {
	city, operations := hour(), int64(0)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	const stretch = 200
	var rates []float64
	for i := range max(b.N/stretch, 10) {
		before := cputime.Used()
		for j := range stretch {
			running, err := city.Seed(uint64(i*stretch + j + 1)).Start(context.Background())
			require.NoError(b, err)
			result := running.Wait()
			require.Equal(b, simcity.Pass, result.Verdict, result.Explain())
			operations += result.Operations
		}
		rates = append(rates, stretch/(cputime.Used()-before).Seconds())
	}
	slices.Sort(rates)
	b.ReportMetric(rates[len(rates)-1], "seeds/cpu-s-best")
	b.ReportMetric(rates[len(rates)/2], "seeds/cpu-s-median")
	b.ReportMetric(float64(operations)/float64(stretch*len(rates)), "operations/seed")
	b.ReportMetric(0, "ns/op")
}

// An hour of the small city, which BenchmarkSweep sweeps.
func TestCityHour(t *testing.T) { hour().Run(t) }

var sweepRate = regexp.MustCompile(`, (\d+) passed, 0 failed in 0 ways, ([0-9.]+) seeds/s`)

// One-hour seeds per second of a sweep, by one worker process and by two, the better of
// two rounds. The goal is 1.7 times as many by two, on two processors that have
// nothing else to do; two that share a core give less to any two processes, which
// ratio-apart shows: two sweeps side by side, of one worker each.
func BenchmarkSweep(b *testing.B) {
	rate := func(workers, seeds int) float64 {
		command := exec.Command(os.Args[0], "-test.run=^TestCityHour$", "-test.v")
		command.Env = append(os.Environ(), fmt.Sprint("SIMCITY_SEEDS=", seeds), fmt.Sprint("SIMCITY_WORKERS=", workers), "SIMCITY_SWEEP_HISTORY="+b.TempDir()+"/history.json")
		output, err := command.CombinedOutput()
		told := sweepRate.FindSubmatch(output)
		if err != nil || told == nil || string(told[1]) != strconv.Itoa(seeds) {
			b.Errorf("%v:\n%s", err, output)
			return 0
		}
		perSecond, _ := strconv.ParseFloat(string(told[2]), 64)
		return perSecond
	}
	const seeds = 1000 // the first of a process are slow
	var one, two, apart float64
	for range max(b.N, 2) {
		one, two = max(one, rate(1, seeds)), max(two, rate(2, seeds))
		other := make(chan float64)
		go func() { other <- rate(1, seeds) }()
		apart = max(apart, rate(1, seeds)+<-other)
	}
	b.ReportMetric(one, "seeds/s-by-1")
	b.ReportMetric(two, "seeds/s-by-2")
	b.ReportMetric(two/one, "ratio")
	b.ReportMetric(apart/one, "ratio-apart")
	b.ReportMetric(0, "ns/op")
}
