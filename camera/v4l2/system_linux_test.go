//go:build amd64 || arm64

package v4l2

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// A named pipe replaces the device: poll reports the same events.
func TestPoll(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	require.NoError(t, unix.Mkfifo(path, 0o600))
	n, err := openFile(path)
	require.NoError(t, err)
	ready, err := n.poll(time.Millisecond)
	require.NoError(t, err)
	require.Equal(t, notReady, ready)

	writer, err := os.OpenFile(path, os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = writer.WriteString("frame")
	require.NoError(t, err)
	ready, err = n.poll(time.Minute)
	require.NoError(t, err)
	require.Equal(t, frameReady, ready)
	require.NoError(t, writer.Close())

	require.NoError(t, n.close())
	ready, err = n.poll(time.Minute) // POLLNVAL
	require.NoError(t, err)
	require.Equal(t, deviceFailed, ready)
}

// Lengths need not be multiples of the page size.
func TestMap(t *testing.T) {
	path := filepath.Join(t.TempDir(), "buffers")
	page := os.Getpagesize()
	require.NoError(t, os.WriteFile(path, make([]byte, 3*page), 0o600))
	n, err := openFile(path)
	require.NoError(t, err)
	memory, err := n.mmap(int64(page), page+100)
	require.NoError(t, err)
	require.Len(t, memory, page+100)
	memory[5] = 77
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, byte(77), content[page+5])
	require.NoError(t, n.munmap(memory))
	require.NoError(t, n.close())
}

func TestMonotonic(t *testing.T) {
	n := &file{}
	before := n.monotonic()
	require.Positive(t, before)
	require.GreaterOrEqual(t, n.monotonic(), before)
}
