package shop_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bookiji/simcity/simcity"

	"example.com/shop"
)

// TestShop lives through SHOP_MODES, each with as many seeds as it says, and
// writes a line for each; all modes at once if SHOP_TOGETHER is set, and with a
// collector that never rests if SHOP_GC is.
func TestShop(t *testing.T) {
	if os.Getenv("SHOP_GC") != "" { // which empties all pools
		go func() {
			for {
				runtime.GC()
			}
		}()
	}
	var all sync.WaitGroup
	for mode := range strings.SplitSeq(os.Getenv("SHOP_MODES"), ",") {
		all.Go(func() { liveAll(t, mode) })
		if os.Getenv("SHOP_TOGETHER") == "" {
			all.Wait()
		}
	}
	all.Wait()
}

// TestLease is a team's own test, of one simulation.
func TestLease(t *testing.T) { town("lease", 1).Run(t) }

func liveAll(t *testing.T, mode string) {
	name, count, _ := strings.Cut(mode, "=")
	seeds, err := strconv.Atoi(count)
	if err != nil {
		panic(err)
	}
	r := report{Mode: name, Seeds: seeds, Kinds: map[string]int{}, Ways: map[string]int{}}
	began := time.Now()
	for seed := range seeds {
		if os.Getenv("SHOP_FREE") != "" {
			fmt.Println("SEED", seed+1) // the race detector may end the process
		}
		if bug, ok := strings.CutPrefix(name, "baseline"); ok {
			r.add(seed+1, baseline(t, strings.TrimPrefix(bug, ":"), uint64(seed+1)))
			continue
		}
		if smaller, ok := strings.CutPrefix(name, "shrink:"); ok {
			shrunk, err := town(smaller, uint64(seed+1)).Shrink(t)
			if err == nil {
				r.Text = shrunk.Test
				break
			}
			continue
		}
		r.add(seed+1, live(t, name, uint64(seed+1)))
	}
	r.Millis = time.Since(began).Milliseconds()
	if r.First > 0 {
		r.FirstMillis = r.firstAfter.Sub(began).Seconds() * 1000
	}
	text, err := json.Marshal(r)
	if err != nil {
		panic(err)
	}
	fmt.Printf("REPORT %s\n", text)
}

// A report is what became of a mode's seeds.
type report struct {
	Mode   string
	Seeds  int
	Failed int
	First  int // the first seed that failed
	Millis int64
	// FirstMillis is how long it took until then.
	FirstMillis float64
	firstAfter  time.Time
	Kinds       map[string]int // violations by invariant, findings by kind, verdicts
	Ways        map[string]int // failed seeds by signature
	Text        string         // of the first failure
	Stack       string
	Notes       string
	Repro       string
	Digests     []string
}

func (r *report) add(seed int, res *simcity.Result) {
	r.Digests = append(r.Digests, res.Digest.String())
	r.Repro = res.Repro
	r.Kinds[string(res.Verdict)]++
	for _, f := range res.Findings {
		if f.Severity == simcity.NoteFinding {
			r.Notes = f.Text
			continue
		}
		r.Kinds[string(f.Kind)]++
		if r.Text == "" {
			r.Text, r.Stack = f.Text, f.Stack
		}
	}
	if res.Verdict == simcity.Pass {
		return
	}
	r.Ways[res.Signature()]++
	if r.Failed++; r.First == 0 {
		r.First, r.firstAfter = seed, time.Now()
		if r.Text == "" {
			r.Text = fmt.Sprint(res.Reasons)
		}
	}
}

// town is where three customers live a mode.
func town(mode string, seed uint64) *simcity.Simulation {
	scenario := simcity.Scenario{
		Name: "shop", Duration: 10 * time.Minute,
		Populations: []simcity.Population{{Name: "customer", Arrivals: simcity.ArrivalsFunc(arrive), Agent: simcity.AgentFunc(func(ctx context.Context, c *simcity.Citizen) error {
			return visit(ctx, c, mode)
		})}},
		Invariants: []simcity.Invariant{once()},
	}
	return simcity.New(scenario).Seed(seed).Target(simcity.InProcess(func(*simcity.World) (http.Handler, error) { return shop.New(), nil }))
}

func live(t *testing.T, mode string, seed uint64) *simcity.Result {
	t.Helper()
	simulation := town(mode, seed)
	if os.Getenv("SHOP_FREE") != "" {
		simulation.Explore(simcity.Explore{Order: simcity.Free})
	}
	running, err := simulation.Start(t.Context())
	if err != nil {
		panic(err)
	}
	return running.Wait()
}

func arrive(_ context.Context, g *simcity.Gate) error {
	for range 3 {
		g.Spawn()
	}
	return nil
}

// visit asks once a minute, as all others do.
func visit(ctx context.Context, c *simcity.Citizen, mode string) error {
	for round := range 5 {
		if err := c.Sleep(ctx, time.Minute); err != nil {
			return err
		}
		err := c.Do(ctx, mode, round, func(ctx context.Context, op *simcity.Operation) error {
			request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.BaseURL()+"/"+mode+"/"+strconv.Itoa(round), nil)
			if err != nil {
				return err
			}
			request.Header.Set("From", c.ID())
			response, err := c.Client().Do(request)
			if err != nil {
				return err
			}
			body, err := io.ReadAll(response.Body)
			op.Output = string(body)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// once is the rule of all modes: no token is given twice.
func once() simcity.Invariant {
	return simcity.Invariant{Name: "once", Begin: func(*simcity.World) simcity.Check {
		given := map[string]string{}
		return simcity.Check{Operation: func(op *simcity.Operation) *simcity.Breach {
			token, _ := op.Output.(string)
			if first := given[token]; token != "" && op.Outcome == simcity.OK && first != "" {
				return &simcity.Breach{Got: token + " given to " + first + " and " + op.Citizen, Want: "given once"}
			}
			given[token] = op.Citizen
			return nil
		}}
	}}
}
