//go:build unix && !linux

package program

import "syscall"

// processAttributes puts the process into its own process group. If this program
// dies, the process fails to write its next frame and exits.
func processAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
