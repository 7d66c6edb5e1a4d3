// Package tidy keeps the repository's own rules as tests.
//
// It exports nothing. Each rule is a function from the parsed tree to the
// places that break it, each with the reason; [testing/fstest.MapFS] trees with
// planted violations show that every rule can fail, and TestRepository then
// asks all of them about the repository itself:
//
//	go test ./internal/tidy
//
// A finding reads
//
//	agents/rest_test.go:7: agents => chaos: agents, invariants and chaos never see one another; scenarios joins them
//
// # The rules
//
//   - imports point one way: a table says what each package may import, and a
//     package or a library that is in no table is a finding (imports_test.go);
//   - the wall clock and the random numbers that all share are read only where
//     clock and streams live (clock_test.go);
//   - the top level shows the allowed names, a package has a manual and an
//     example that runs, a file is one concept (shape_test.go);
//   - a skipped test names the part that is missing, and no test sleeps in real
//     time (patience_test.go).
//
// Exemptions are a file each, with the reason next to it. One that nothing
// needs any more is a finding too, so that the lists only hold what is true.
//
// # Limits
//
// The rules read syntax, not types. A variable that hides an import, such as
// one named time, is taken for the package: name it otherwise.
package tidy
