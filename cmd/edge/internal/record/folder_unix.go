//go:build linux || darwin

package record

import (
	"errors"
	"os"
	"syscall"
)

// freeBytes returns the free space of the file system that users may fill.
func freeBytes(root *os.Root) (int64, error) {
	dir, err := root.Open(".")
	if err != nil {
		return 0, err
	}
	defer dir.Close()
	var st syscall.Statfs_t
	if err := syscall.Fstatfs(int(dir.Fd()), &st); err != nil {
		return 0, os.NewSyscallError("statfs", err)
	}
	return int64(st.Bavail) * int64(st.Bsize), nil
}

// lockFolder prevents other edge processes from recording in the folder until the file is
// closed: each would delete the other's unfinished files. On file systems without locks
// nothing prevents that.
func lockFolder(root *os.Root) (*os.File, error) {
	dir, err := root.Open(".")
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(dir.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, errors.Join(errors.New("another edge process records there: use one folder per process"), dir.Close())
	}
	return dir, nil
}
