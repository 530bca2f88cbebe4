package record

import (
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A folder without write permission is reported once, and used after it has it.
func TestReadOnlyFolder(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.Chmod(filepath.Dir(dir), 0o755)) // the user nobody needs access
	require.NoError(t, os.Chmod(dir, 0o555))
	s, warnings := newSink(t, Config{Dir: dir})
	e := appeared(1, "robin", noon)
	asNobody(func() { require.NoError(t, s.Observe(at(0, picture("a"), e))) })
	require.Len(t, *warnings, 1)
	require.Contains(t, (*warnings)[0], "permission denied")
	require.Empty(t, tree(t, dir))

	require.NoError(t, os.Chmod(dir, 0o777))
	s.retryAt = time.Now() // instead of waiting
	asNobody(func() { require.NoError(t, s.Observe(at(0, nil))) })
	require.Len(t, *warnings, 2)
	require.Len(t, tree(t, dir), 2)
}

// Two processes do not record in one folder. The second takes over when the first ends.
func TestFolderLock(t *testing.T) {
	dir := t.TempDir()
	first, _ := newSink(t, Config{Dir: dir})
	require.NoError(t, first.Observe(at(0, nil)))
	second, warnings := newSink(t, Config{Dir: dir})
	require.NoError(t, second.Observe(at(0, nil)))
	require.Len(t, *warnings, 1)
	require.Contains(t, (*warnings)[0], "another edge process records there")
	require.NoError(t, first.Close())
	second.retryAt = time.Now() // instead of waiting
	require.NoError(t, second.Observe(at(0, nil)))
	require.Len(t, *warnings, 2)
	require.Contains(t, (*warnings)[1], "resumed")
	require.NoError(t, second.Close())
}

// asNobody calls f. If the test runs as root, f accesses files as the user nobody.
func asNobody(f func()) {
	if os.Geteuid() == 0 {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		_ = syscall.Setfsuid(65534)
		defer func() { _ = syscall.Setfsuid(0) }()
	}
	f()
}
