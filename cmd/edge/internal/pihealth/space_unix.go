//go:build linux || darwin

package pihealth

import (
	"os"
	"syscall"
)

// Space returns the free bytes of a folder's file system that users may fill, and its size.
func Space(folder string) (free, total int64, err error) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(folder, &st); err != nil {
		return 0, 0, &os.PathError{Op: "statfs", Path: folder, Err: err}
	}
	return int64(st.Bavail) * int64(st.Bsize), int64(st.Blocks) * int64(st.Bsize), nil
}
