package doctor

import (
	"os"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// Local returns this machine, without LookPath and Health.
func Local() *Machine {
	m := &Machine{
		Root: os.DirFS("/"), Arch: runtime.GOARCH, PageSize: os.Getpagesize(), Now: time.Now,
		Synced: synced, Access: access,
	}
	var name unix.Utsname
	if unix.Uname(&name) == nil { // otherwise the kernel is unknown
		m.Kernel = unix.ByteSliceToString(name.Machine[:])
	}
	return m
}

// synced asks the kernel, which any time service notifies. Containers may not ask.
func synced() (synced, known bool) {
	var t unix.Timex // no modes: it changes nothing
	if _, err := unix.Adjtimex(&t); err != nil {
		return false, false
	}
	return t.Status&unix.STA_UNSYNC == 0, true
}

func access(path string) error {
	if err := unix.Access(path, unix.R_OK|unix.W_OK); err != nil {
		return &os.PathError{Op: "access", Path: path, Err: err}
	}
	return nil
}
