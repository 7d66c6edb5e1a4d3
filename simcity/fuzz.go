package simcity

import (
	"encoding/binary"
	"testing"

	"github.com/bookiji/simcity/internal/conductor"
)

// Fuzz lets go test -fuzz explore the decisions of a simulation by coverage: the
// first eight bytes of an input are twice the seed, the others say how long each stop of
// each actor is held back. An input fails like any test, is shrunk by go test and
// kept in testdata/fuzz; go test without -fuzz runs those again.
//
//	func FuzzCity(f *testing.F) { simcity.Fuzz(f, simcity.New(scenario).Target(target)) }
//
// Only verdicts of FAIL fail: what a short run leaves unchecked proves nothing
// here. Scenarios of a simulated hour are long enough, and -fuzzminimizetime 1x leaves
// the time to new inputs instead of shorter ones. An input that was found with the
// overlay (see Exploring) fails with it alone. SIMCITY_SEED, SIMCITY_SEEDS and
// SIMCITY_SHRINK mean nothing here, and a bundle cannot be replayed.
func Fuzz(f *testing.F, s *Simulation) {
	f.Helper()
	for seed := range uint64(4) {
		f.Add(binary.LittleEndian.AppendUint64(nil, seed<<1))
	}
	f.Fuzz(func(t *testing.T, decisions []byte) {
		res := s.decided(decisions).Simulate(t)
		if res.Verdict == Fail {
			t.Error(res.Explain())
		}
	})
}

// decided is the simulation with its decisions taken from an input.
func (s *Simulation) decided(decisions []byte) *Simulation {
	var seed [8]byte
	rest := decisions[copy(seed[:], decisions):]
	of := *s
	of.fuzzed = true
	of.seed = binary.LittleEndian.Uint64(seed[:]) >> 1
	if len(rest) > 0 {
		of.decisions = rest
	}
	return &of
}

// holdFor reads a hold from a fuzzer's input: a byte for each stop of each actor,
// in the order of a hash, is its length in powers of two.
func holdFor(decisions []byte) func(conductor.Stop) uint64 {
	return func(s conductor.Stop) uint64 {
		b := decisions[(s.Actor.Key+s.Number*0x9e3779b97f4a7c15)%uint64(len(decisions))]
		return uint64(b&15) << (b >> 4)
	}
}
