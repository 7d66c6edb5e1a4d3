package simcity

import "strings"

// CompareSweeps compares failures of those signatures with what the sweep before
// left in the file; ran tells whether the seeds of that one were run.
func CompareSweeps(path string, ran bool, signatures ...string) string {
	var sum Sweep
	for _, signature := range signatures {
		sum.Groups = append(sum.Groups, FailureGroup{Signature: signature})
	}
	sum.compare(path, func(uint64) bool { return ran })
	var told []string
	for _, g := range sum.Groups {
		state := "ongoing "
		if g.New {
			state = "NEW "
		}
		told = append(told, state+g.Signature)
	}
	for _, g := range sum.Resolved {
		told = append(told, "resolved "+g.Signature)
	}
	return strings.Join(told, ", ")
}
