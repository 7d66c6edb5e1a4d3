package conductor

import (
	"math"
	"math/bits"
)

// A rankHeap is a binary heap of those that are ready, by rank, then by who was
// ready first.
type rankHeap []*parking

func (h rankHeap) less(i, j int) bool {
	return h[i].rank < h[j].rank || h[i].rank == h[j].rank && h[i].seq < h[j].seq
}

func (h *rankHeap) push(p *parking) {
	p.slot = slotReady
	*h = append(*h, p)
	heap := *h
	for i := len(heap) - 1; i > 0; {
		parent := (i - 1) / 2
		if !heap.less(i, parent) {
			return
		}
		heap[i], heap[parent] = heap[parent], heap[i]
		i = parent
	}
}

// pop takes out the first.
func (h *rankHeap) pop() *parking {
	heap := *h
	first, last := heap[0], len(heap)-1
	heap[0], heap[last] = heap[last], nil
	heap = heap[:last]
	*h = heap
	for i := 0; ; {
		child := 2*i + 1
		if child >= last {
			return first
		}
		if right := child + 1; right < last && heap.less(right, child) {
			child = right
		}
		if !heap.less(child, i) {
			return first
		}
		heap[i], heap[child] = heap[child], heap[i]
		i = child
	}
}

// keyOf hashes an id by FNV-1a (Fowler, Noll, Vo; 64 bits).
func keyOf(id string) uint64 {
	const offset, prime = 14695981039346656037, 1099511628211
	hash := uint64(offset)
	for i := range len(id) {
		hash = (hash ^ uint64(id[i])) * prime
	}
	return hash
}

// RandomHold is the schedule that draws among those that are ready. A hold is
// exponentially distributed, from a number of seed, actor and stop. Exponentials
// have no memory: what is left of a hold is distributed like a new one, so that
// each pick is uniform among the ready, whoever came when.
func RandomHold(seed uint64) func(Stop) uint64 {
	return func(s Stop) uint64 {
		return exponential(mix(mix(seed^s.Actor.Key) + s.Number))
	}
}

// mix is the finaliser of SplitMix64 (Steele, Lea, Flood 2014).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// holdUnit is half-life of a hold.
const holdUnit = 1 << 32

// exponential is -log2(u/2^64) in units of holdUnit, in integers alone, since
// floating-point results may differ in their last bit between processors. The
// logarithm of the mantissa is taken from a table, and straight in between.
func exponential(u uint64) uint64 {
	u |= 1
	zeros := bits.LeadingZeros64(u)
	mantissa := u << zeros << 1 // without the leading one
	i, rest := mantissa>>56, mantissa>>32&(1<<24-1)
	log := logs[i] + (logs[i+1]-logs[i])*rest>>24
	return uint64(zeros)*holdUnit + holdUnit - log
}

// logs is log2(1 + i/256) in units of holdUnit.
var logs = func() (table [257]uint64) {
	for i := range table {
		table[i] = uint64(math.Round(math.Log2(1+float64(i)/256) * holdUnit))
	}
	return table
}()

// How many priorities there are, how far apart, and for how many stops an actor
// has one.
const (
	priorities   = 8
	priorityBits = 4
	priorityFor  = 12
)

// PriorityHold is the schedule of priorities: an actor is held back as its
// priority says, 16 times as long for each below the highest, for a few stops.
func PriorityHold(seed uint64) func(Stop) uint64 {
	draw := RandomHold(seed + 1)
	return func(s Stop) uint64 {
		priority := mix(mix(seed^s.Actor.Key)+s.Number/priorityFor) % priorities
		return draw(s) >> (priorityBits * priority)
	}
}
