package sqz_test

import (
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/model/sqz"
)

// TestWriteFileOnFullDisk limits the file size, which fails a write halfway as a
// full disk does.
func TestWriteFileOnFullDisk(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.sqz")
	n := network(tiny(), 1, uniform)
	require.NoError(t, sqz.WriteFile(path, n))

	signal.Ignore(syscall.SIGXFSZ)
	defer signal.Reset(syscall.SIGXFSZ)
	var before syscall.Rlimit
	require.NoError(t, syscall.Getrlimit(syscall.RLIMIT_FSIZE, &before))
	require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 100, Max: before.Max}))
	writeErr := sqz.WriteFile(path, network(tiny(), 2, uniform))
	require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &before))

	require.ErrorIs(t, writeErr, syscall.EFBIG)
	requireFiles(t, dir, "a.sqz")
	back, err := sqz.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, n, back, "the old file is untouched")
}

// TestWriteFileIntoReadOnlyFolder writes to /proc, where not even root, who
// ignores permissions, can create files.
func TestWriteFileIntoReadOnlyFolder(t *testing.T) {
	require.ErrorContains(t, sqz.WriteFile("/proc/a.sqz", network(tiny(), 1, uniform)), "writing /proc/a.sqz")

	dir := t.TempDir()
	require.NoError(t, os.Chmod(dir, 0o555))
	if os.Geteuid() != 0 {
		require.ErrorIs(t, sqz.WriteFile(filepath.Join(dir, "a.sqz"), network(tiny(), 1, uniform)), os.ErrPermission)
	}
	requireFiles(t, dir)
}
