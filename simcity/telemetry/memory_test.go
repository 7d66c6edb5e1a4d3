package telemetry_test

import (
	"testing"

	"github.com/bookiji/simcity/simcity/telemetry"
	"github.com/bookiji/simcity/simcity/telemetry/telemetrytest"
)

func TestMemoryConforms(t *testing.T) {
	t.Parallel()
	telemetrytest.Run(t, func(*testing.T) telemetry.Store { return telemetry.NewMemory() })
}
