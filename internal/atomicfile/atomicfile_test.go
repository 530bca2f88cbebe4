package atomicfile

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

func text(s string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, s)
		return err
	}
}

// requireOnly fails unless the folder holds this one file with this content.
func requireOnly(t *testing.T, path, content string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	require.Len(t, entries, 1)
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, content, string(got))
}

func TestWriteCreatesAndReplaces(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	for _, content := range []string{"a long first version", "short"} {
		require.NoError(t, Write(path, 0o644, text(content)))
		requireOnly(t, path, content)
	}
}

func TestWriteSetsPermissions(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such permissions")
	}
	path := filepath.Join(t.TempDir(), "a")
	for _, perm := range []os.FileMode{0o644, 0o600} {
		require.NoError(t, Write(path, perm, text("x")))
		info, err := os.Stat(path)
		require.NoError(t, err)
		require.Equal(t, perm, info.Mode())
	}
}

func TestFailedWriteKeepsTheOldFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	require.NoError(t, Write(path, 0o644, text("old")))
	broken := errors.New("broken")
	err := Write(path, 0o644, func(w io.Writer) error { return errors.Join(text("ne")(w), broken) })
	require.ErrorIs(t, err, broken)
	requireOnly(t, path, "old")
}

func TestWriteReplacesNoFolder(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "folder")
	require.NoError(t, os.MkdirAll(filepath.Join(folder, "full"), 0o755))
	require.ErrorContains(t, Write(folder, 0o644, text("x")), "folder")
	entries, err := os.ReadDir(filepath.Dir(folder))
	require.NoError(t, err)
	require.Len(t, entries, 1, "no temporary file is left")
}

func TestWriteNeedsTheFolder(t *testing.T) {
	err := Write(filepath.Join(t.TempDir(), "missing", "a"), 0o644, text("x"))
	require.ErrorIs(t, err, os.ErrNotExist)
}
