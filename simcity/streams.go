package simcity

import (
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"
)

// stream returns the random numbers of that name. Streams of different names
// are independent, so that adding a citizen leaves the others' choices alone.
func stream(seed uint64, name string) *rand.Rand {
	b := make([]byte, 8, 64)
	binary.LittleEndian.PutUint64(b, seed)
	sum := sha256.Sum256(append(b, name...))
	return rand.New(rand.NewPCG(binary.LittleEndian.Uint64(sum[:8]), binary.LittleEndian.Uint64(sum[8:16])))
}
