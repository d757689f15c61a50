//go:build !unix

package githubapp

import "os/exec"

// killTogether does nothing here: only git itself is killed, its helper ends with the connection.
func killTogether(*exec.Cmd) {}
