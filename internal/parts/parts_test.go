package parts_test

import (
	"errors"
	"fmt"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/internal/parts"
)

// demanding is a test that lets itself be failed.
type demanding struct {
	testing.TB
	failed string
}

func (d *demanding) Helper() {}

func (d *demanding) Fatalf(format string, args ...any) {
	d.failed = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

func demand(t *testing.T, part string) string {
	d := &demanding{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		parts.Demand(d, part, errors.New("not in PATH"))
	}()
	<-done
	return d.failed
}

func TestPartThatIsRequiredIsMissedLoudly(t *testing.T) {
	for required, says := range map[string]string{
		"":                     "",
		"postgres":             "",
		"chromium":             "chromium is missing, and SIMCITY_REQUIRE asks for it: not in PATH",
		"postgres, chromium ,": "chromium is missing, and SIMCITY_REQUIRE asks for it: not in PATH",
		"postgres,chromiun":    "SIMCITY_REQUIRE lists chromiun; allowed: chromium, go1.26, go1.27, namespaces, node, npm, pgbouncer, postgres, redis, supabase; fix: correct the name",
	} {
		t.Setenv("SIMCITY_REQUIRE", required)
		require.Equal(t, says, demand(t, "chromium"), "%q", required)
	}
}

func TestRequiredPartsAreAList(t *testing.T) {
	for setting, want := range map[string]bool{
		"": false, "postgres": true, "chromium, postgres": true, "chromium": false, ",": false,
	} {
		t.Setenv("SIMCITY_REQUIRE", setting)
		require.Equal(t, want, parts.Required(t, "postgres"), setting)
	}
}
