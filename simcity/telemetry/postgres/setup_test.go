package postgres_test

import (
	"testing"

	"github.com/bookiji/simcity/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }
