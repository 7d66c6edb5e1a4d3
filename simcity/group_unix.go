//go:build unix

package simcity

import (
	"os/exec"
	"syscall"
)

// ownGroup makes a process that is to begin the head of a group: all that it starts
// itself, unless that leaves the group.
func ownGroup(command *exec.Cmd) { command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// endGroup kills what is left of the group.
func endGroup(command *exec.Cmd) { _ = syscall.Kill(-command.Process.Pid, syscall.SIGKILL) }
