// Package parts knows which real parts a machine must have: servers, a browser,
// tools. A test that lacks one is skipped by name, except where SIMCITY_REQUIRE
// lists the part, as the quality gate does: there it fails.
//
//	path, err := exec.LookPath("chromium")
//	if err != nil {
//		parts.Demand(t, "chromium", err)
//		t.Skip("no Chromium on this machine")
//	}
//
// The skip stays with the test, so that each says itself what it lacks.
package parts
