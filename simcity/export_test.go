package simcity

import "strings"

// CompareSweeps compares failures of those signatures with what the sweep before
// left in the file.
func CompareSweeps(path string, whole bool, signatures ...string) string {
	var sum sweepSummary
	for _, signature := range signatures {
		sum.Groups = append(sum.Groups, failureGroup{Signature: signature})
	}
	sum.compare(path, whole)
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
