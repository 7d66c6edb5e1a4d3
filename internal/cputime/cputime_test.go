package cputime_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/internal/cputime"
)

func TestUsedGrowsWithWork(t *testing.T) {
	t.Parallel()
	before := cputime.Used()
	for cputime.Used() == before {
		continue // the clock ticks in microseconds
	}
	require.Greater(t, cputime.Used(), before)
}
