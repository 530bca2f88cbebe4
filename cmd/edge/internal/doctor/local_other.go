//go:build !linux

package doctor

import (
	"os"
	"runtime"
	"time"
)

// Local returns this machine, without LookPath and Health. Linux alone has what most
// checks examine; without it they find nothing.
func Local() *Machine {
	return &Machine{
		Root: os.DirFS("/"), Arch: runtime.GOARCH, PageSize: os.Getpagesize(), Now: time.Now,
		Kernel: "unknown",
		Synced: func() (synced, known bool) { return false, false },
		Access: func(path string) error {
			_, err := os.Stat(path)
			return err
		},
	}
}
