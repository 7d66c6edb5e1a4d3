package simcity

import (
	"flag"
	"os"
	"runtime"
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
	switch {
	case !ok:
	case !seedCrypto(t, r.seed):
		r.findings = append(r.findings, Finding{
			Kind: FindingRandom, Severity: NoteFinding,
			Text: "crypto/rand does not follow the seed in a parallel test: leave out t.Parallel if the host's tokens or ids matter",
		})
	case r.explore.Order != Free:
		return oneProcessor()
	}
	return func() {}
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
