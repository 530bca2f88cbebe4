//go:build unix && !linux

package program

import "syscall"

// processAttributes puts the process into its own process group. If the parent dies,
// the process cannot write its next frame and exits.
func processAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
