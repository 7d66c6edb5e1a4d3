package simcity

import (
	"flag"
	"os"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/cryptotest"
)

// takeProcess sets what belongs to the whole process for a run on a Virtual clock, in
// a test that is alone in it, as one that is not parallel is: crypto/rand follows the
// seed, so that the host's tokens and UUIDs repeat, and one processor does the work of
// those who take turns. The latter ends with the run, the former with the test.
func (p *play) takeProcess(r *run) (giveBack func()) {
	t, ok := p.t.(*testing.T)
	if !ok {
		return func() {}
	}
	leave, alone := shareRandom(t, r)
	if !alone || r.explore.Order == Free {
		return leave
	}
	processors := oneProcessor()
	return func() { processors(); leave() }
}

// sharing are the runs under way whose hosts draw from the crypto/rand that the first
// of them has seeded.
var sharing struct {
	mu   sync.Mutex
	runs []*run
}

// shareRandom makes crypto/rand follow the run's seed, if its test is alone in the
// process, and no other run of it is under way, whose draws would come between.
func shareRandom(t *testing.T, r *run) (leave func(), alone bool) {
	sharing.mu.Lock()
	defer sharing.mu.Unlock()
	if len(sharing.runs) > 0 {
		const overlap = "where runs of a test overlap: let one be over before the next"
		r.noteRandom(overlap)
		sharing.runs[0].noteRandom(overlap)
	} else if !seedCrypto(t, r.seed) {
		r.noteRandom("in a parallel test: leave out t.Parallel")
		return func() {}, false
	}
	sharing.runs = append(sharing.runs, r)
	return func() {
		sharing.mu.Lock()
		defer sharing.mu.Unlock()
		sharing.runs = slices.DeleteFunc(sharing.runs, func(other *run) bool { return other == r })
	}, true
}

// noteRandom notes once that crypto/rand does not follow the seed. It is no event, since
// others may say so at any moment of the run.
func (r *run) noteRandom(where string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if slices.ContainsFunc(r.findings, func(f Finding) bool { return f.Kind == FindingRandom }) {
		return
	}
	r.findings = append(r.findings, Finding{
		Kind: FindingRandom, Severity: NoteFinding,
		Text: "crypto/rand does not follow the seed " + where + " if the host's tokens or ids matter",
	})
}

// seedCrypto makes crypto/rand follow the seed. It cannot in a parallel test.
func seedCrypto(t *testing.T, seed uint64) (ok bool) {
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	cryptotest.SetGlobalRandom(t, seed)
	return true
}

// turns are the runs of the process that have one processor together.
var turns struct {
	mu         sync.Mutex
	runs       int
	processors int // that the process has otherwise
}

// oneProcessor spares a run that each turn is handed from one processor to another:
// a day of a city in memory takes two thirds of the time. Whoever says with -cpu or
// GOMAXPROCS how many there are is obeyed.
func oneProcessor() (giveBack func()) {
	if said := flag.Lookup("test.cpu"); said != nil && said.Value.String() != "" || os.Getenv("GOMAXPROCS") != "" {
		return func() {}
	}
	turns.mu.Lock()
	defer turns.mu.Unlock()
	if turns.runs++; turns.runs == 1 {
		turns.processors = runtime.GOMAXPROCS(1)
	}
	return func() {
		turns.mu.Lock()
		defer turns.mu.Unlock()
		if turns.runs--; turns.runs == 0 {
			runtime.GOMAXPROCS(turns.processors)
		}
	}
}
