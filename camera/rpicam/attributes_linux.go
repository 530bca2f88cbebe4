package rpicam

import "syscall"

// attributes give the process a group of its own, and have it killed when the
// thread that starts it ends.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
