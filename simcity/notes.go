package simcity

import (
	"fmt"
	"strings"

	"github.com/bookiji/simcity/internal/locks"
)

// notes are what a reader of a run that passed should know as well.
func (r *Result) notes() []string {
	var notes []string
	for _, f := range r.Findings {
		if f.Severity == NoteFinding && f.Kind != FindingRandom {
			notes = append(notes, f.Text)
		}
	}
	for _, w := range r.Faults {
		notes = append(notes, w.String())
	}
	return append(notes, r.loneliness()...)
}

// blindness is what the race detector, if it is on, did not see: those who take turns. A
// run with locks that are seams says so itself.
func (r *Result) blindness() []string {
	if raceFlag == "" || r.Clock == "paced" || r.Verdict == Fail || r.explored() || strings.HasPrefix(r.Explored, string(Free)) {
		return nil
	}
	return []string{raceNote}
}

const raceNote = "the race detector is on, and requests of this run took turns, so that it saw no two of them touch one variable at once: " + envExplore + "=free is for it"

// seamsFix is what puts seams inside of an app.
const seamsFix = "run go test with " + overlayWords + ", let chaos/sqldb or chaos/postgres wrap the database, or call simcity.Yield"

// loneliness tells of seams where nobody ever met: of each that somebody placed,
// and of locks if it was so at all of them. Where citizens overlap for real, seams
// tell nothing, and a run that failed has shown something.
func (r *Result) loneliness() []string {
	if r.Clock == "paced" || r.Verdict == Fail || strings.HasPrefix(r.Explored, string(Free)) {
		return nil
	}
	const met = "nobody else ever went first: no race can show there; let citizens share instants (agents.Burst, SleepUntil) or give them less time between operations"
	var notes []string
	atLocks, passed, contended := 0, int64(0), int64(0)
	for _, s := range r.Seams {
		switch {
		case atLock(s.Name):
			atLocks++
			passed += s.Passed
			contended += s.Contended
		case s.Contended == 0:
			notes = append(notes, fmt.Sprintf("seam %s was passed %d times and %s", s.Name, s.Passed, met))
		}
	}
	if r.explored() && atLocks == 0 {
		notes = append(notes, "no lock of the host's packages was ever taken: no race can show at locks; does "+envPackages+" name the packages that take them? Statements of database/sql are seams by chaos/sqldb")
	}
	if r.Explored != "" && !r.explored() && len(r.Seams) == 0 && !locks.Active() { // unless a cut needs none
		notes = append(notes, "no seam inside the app was passed: requests took turns as wholes, and no race within one could show; "+seamsFix)
	}
	if atLocks > 0 && contended == 0 {
		notes = append(notes, fmt.Sprintf("locks were taken %d times at %s and %s, or try %s=swarm", passed, counted(atLocks, "place"), met, envExplore))
	}
	return notes
}
