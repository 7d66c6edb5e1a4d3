package simcity

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/bookiji/simcity/internal/locks"
)

// GoTest is how the command that repeats a failure of this build begins.
const GoTest = "go test " + raceFlag

// CompareSweeps compares failures of those signatures, each first of seed 7, with
// what the sweep before left in the file, and tells how. The verdict is that of seed
// 7, empty if it was not run.
func CompareSweeps(path string, verdict Verdict, signatures ...string) string {
	return compareSweeps(&Sweep{}, path, verdict, signatures...)
}

// CompareSweepsOfChance is CompareSweeps where runs do not repeat.
func CompareSweepsOfChance(path string, verdict Verdict, signatures ...string) string {
	return compareSweeps(&Sweep{chance: true}, path, verdict, signatures...)
}

func compareSweeps(sum *Sweep, path string, verdict Verdict, signatures ...string) string {
	for _, signature := range signatures {
		sum.Groups = append(sum.Groups, FailureGroup{Signature: signature, First: 7})
	}
	verdicts := map[uint64]Verdict{}
	if verdict != "" {
		verdicts[7] = verdict
	}
	sum.compare(path, verdicts)
	var told []string
	for _, g := range sum.Groups {
		state := "ongoing "
		if g.New {
			state = "NEW "
		}
		told = append(told, state+g.Signature)
	}
	_, others, _ := strings.Cut((&Sweep{Resolved: sum.Resolved, unseen: sum.unseen}).String(), "\n")
	for line := range strings.Lines(others) {
		told = append(told, strings.Join(strings.Fields(line), " "))
	}
	return strings.Join(told, ", ")
}

// Network lets a target's names and addresses be those of a test.
func (u *URLTarget) Network(resolve func(context.Context, string) ([]netip.Addr, error), dial func(ctx context.Context, network, address string) (net.Conn, error)) *URLTarget {
	u.resolve, u.dial = resolve, dial
	return u
}

// Explored is what a run with the overlay says of those packages.
func Explored(packages string, race bool) string {
	return exploredText(locks.ParsePatterns(packages), race)
}

// SeamAt is the seam at a place.
func SeamAt(place string) string { return seamAt(place) }

// RaceNote is what a build with the race detector notes of each run, as one line.
var RaceNote = strings.Repeat("simcity note: "+raceNote+"\n", min(len(raceFlag), 1))

// NotesOf are the notes of a result.
func NotesOf(r *Result) []string { return r.notes() }

// WhyUnchecked is why the rule's subtest is skipped.
func WhyUnchecked(inv *InvariantResult) string { return inv.whyUnchecked() }

// SaidBefore is what a worker that has said text had said before a mark, and what is
// left of it.
func SaidBefore(text, mark string) (said, left string) {
	t := tail{text: []byte(text)}
	said, _ = t.cut(mark)
	return said, t.all()
}

// LearnedLag is the lag of a run whose operations took so long.
func LearnedLag(e Explore, took ...time.Duration) time.Duration {
	l := newLag(e)
	for _, length := range took {
		l.learn(length)
	}
	return l.length()
}
