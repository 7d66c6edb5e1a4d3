package parts

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// known are the parts that tests ask for.
var known = []string{"chromium", "go1.26", "go1.27", "namespaces", "node", "npm", "pgbouncer", "postgres", "redis", "supabase"}

// Demand fails t if SIMCITY_REQUIRE lists the part that is missing.
func Demand(t testing.TB, part string, missing error) {
	t.Helper()
	if Required(t, part) {
		t.Fatalf("%s is missing, and SIMCITY_REQUIRE asks for it: %v", part, missing)
	}
}

// Required tells whether SIMCITY_REQUIRE, a list with commas, has the part. It fails t
// if the list has one that no test asks for.
func Required(t testing.TB, part string) bool {
	t.Helper()
	required := false
	for listed := range strings.SplitSeq(os.Getenv("SIMCITY_REQUIRE"), ",") {
		listed = strings.TrimSpace(listed)
		if listed != "" && !slices.Contains(known, listed) {
			t.Fatalf("SIMCITY_REQUIRE lists %s; allowed: %s; fix: correct the name", listed, strings.Join(known, ", "))
		}
		required = required || listed == part
	}
	return required
}
