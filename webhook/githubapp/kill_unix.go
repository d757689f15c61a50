//go:build unix

package githubapp

import (
	"os/exec"
	"syscall"
)

// killTogether makes a cancelled git take its helpers with it: git-remote-https would otherwise go on waiting
// for the server, with the token in its environment.
func killTogether(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
