//go:build unix && !linux

package rpicam

import "syscall"

// attributes give the process a group of its own. When we die its next frame
// cannot be written, and it ends by that.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
