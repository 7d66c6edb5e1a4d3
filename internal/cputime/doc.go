// Package cputime reads how much processor time the process has used: what
// benchmarks compare, since wall time on a shared machine says little.
package cputime
