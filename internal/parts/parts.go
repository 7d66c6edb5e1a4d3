package parts

import (
	"os"
	"strings"
	"testing"
)

// Demand fails t if SIMCITY_REQUIRE lists the part that is missing.
func Demand(t testing.TB, part string, missing error) {
	t.Helper()
	if Required(part) {
		t.Fatalf("%s is missing, and SIMCITY_REQUIRE asks for it: %v", part, missing)
	}
}

// Required tells whether SIMCITY_REQUIRE, a list with commas, has the part.
func Required(part string) bool {
	for listed := range strings.SplitSeq(os.Getenv("SIMCITY_REQUIRE"), ",") {
		if strings.TrimSpace(listed) == part {
			return true
		}
	}
	return false
}
