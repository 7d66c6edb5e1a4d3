//go:build !unix

package simcity

import "os/exec"

// ownGroup does nothing where processes have no groups.
func ownGroup(*exec.Cmd) {}

// endGroup kills the process alone.
func endGroup(command *exec.Cmd) { _ = command.Process.Kill() }
