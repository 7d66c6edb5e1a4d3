//go:build unix

package simcity

import (
	"os/exec"
	"syscall"
)

// ownGroup makes a process that is to begin the head of a group: all that it starts
// itself, unless that leaves the group.
func ownGroup(command *exec.Cmd) { command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// endGroup kills what is left of the group, or the process alone if it has none of its own.
func endGroup(command *exec.Cmd) {
	if syscall.Kill(-command.Process.Pid, syscall.SIGKILL) != nil {
		_ = command.Process.Kill()
	}
}
