package pgtest

import (
	"errors"
	"testing"

	"github.com/bookiji/simcity/internal/parts"
)

// reach returns the server's address. A machine without Postgres skips t by
// name, or fails it where Postgres is required; every other trouble fails it.
func reach(t testing.TB) string {
	t.Helper()
	server, err := address()
	refuse(t, err, parts.Required(t, "postgres"))
	return server
}

func refuse(t testing.TB, err error, required bool) {
	t.Helper()
	var missing *missingError
	switch {
	case err == nil:
	case !errors.As(err, &missing):
		t.Fatalf("%v", err)
	case required:
		t.Fatalf("Postgres is missing, and SIMCITY_REQUIRE asks for it: %v", err)
	default:
		t.Skipf("Postgres is missing: %v", err)
	}
}
