//go:build unix

package pictures

import (
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestPipe: opening it would block.
func TestPipe(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "0/a.png"), 1)
	require.NoError(t, syscall.Mkfifo(filepath.Join(dir, "0/b.png"), 0o600))
	got, _ := listed(t, dir, Classes{})
	require.Equal(t, map[string]int{"a.png": 0}, got)
}
