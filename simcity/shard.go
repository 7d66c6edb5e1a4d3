package simcity

import (
	"strconv"
	"strings"
)

// A shard is the part of a sweep that one machine runs: part Index of Of, from 1.
type shard struct{ index, of int }

// parseShard reads i/n.
func parseShard(text string) (shard, error) {
	first, second, found := strings.Cut(text, "/")
	i, err1 := strconv.Atoi(first)
	n, err2 := strconv.Atoi(second)
	if !found || err1 != nil || err2 != nil || i < 1 || n < i {
		return shard{}, &FieldError{Field: envShard, Value: text, Allowed: "i/n with 1 <= i <= n", Fix: "SIMCITY_SHARD=2/5 is the second of five machines"}
	}
	return shard{i, n}, nil
}

// ciShards are the variables by which CI services tell a machine which of how
// many it is: index, total, and what the index of the first is.
var ciShards = []struct {
	index, total string
	first        int
}{
	{"CI_NODE_INDEX", "CI_NODE_TOTAL", 1},                         // GitLab, Semaphore
	{"CIRCLE_NODE_INDEX", "CIRCLE_NODE_TOTAL", 0},                 // CircleCI
	{"BUILDKITE_PARALLEL_JOB", "BUILDKITE_PARALLEL_JOB_COUNT", 0}, // Buildkite
}

// ciShard finds the machine's part in the variables of its CI service. They were
// not made for us, so that nonsense in them means one machine.
func ciShard(lookup func(string) string) shard {
	for _, ci := range ciShards {
		i, err1 := strconv.Atoi(lookup(ci.index))
		n, err2 := strconv.Atoi(lookup(ci.total))
		if i = i - ci.first + 1; err1 == nil && err2 == nil && i >= 1 && i <= n {
			return shard{i, n}
		}
	}
	return shard{1, 1}
}

// maxSweep is how many seeds a sweep may have.
const maxSweep = 10_000_000

// parseSeeds reads a count, which begins at seed 1, or first-last.
func parseSeeds(text string) ([]uint64, error) {
	wrong := &FieldError{Field: envSeeds, Value: text, Allowed: "a count from 1 to 10000000, or first-last", Fix: "SIMCITY_SEEDS=1000 runs seeds 1 to 1000, SIMCITY_SEEDS=500-600 those"}
	from, to, isRange := strings.Cut(text, "-")
	if !isRange {
		from, to = "1", text
	}
	first, err1 := strconv.ParseUint(from, 10, 63)
	last, err2 := strconv.ParseUint(to, 10, 63)
	if err1 != nil || err2 != nil || last < first || last-first >= maxSweep {
		return nil, wrong
	}
	if !isRange && last == 0 {
		return nil, wrong
	}
	seeds := make([]uint64, 0, last-first+1)
	for seed := first; ; seed++ {
		seeds = append(seeds, seed)
		if seed == last {
			return seeds, nil
		}
	}
}

// part is the machine's part of the seeds.
func (s shard) part(seeds []uint64) []uint64 {
	var mine []uint64
	for i := s.index - 1; i < len(seeds); i += s.of {
		mine = append(mine, seeds[i])
	}
	return mine
}
