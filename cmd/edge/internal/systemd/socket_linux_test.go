package systemd

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// listen sets the environment of a service and returns its socket.
func listen(t *testing.T) *net.UnixConn {
	t.Helper()
	path := filepath.Join(t.TempDir(), "notify")
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	require.NoError(t, err)
	t.Cleanup(func() { _ = socket.Close() })
	t.Setenv("NOTIFY_SOCKET", path)
	return socket
}

func receive(t *testing.T, socket *net.UnixConn) string {
	t.Helper()
	require.NoError(t, socket.SetReadDeadline(time.Now().Add(10*time.Second)))
	buffer := make([]byte, 1000)
	n, err := socket.Read(buffer)
	require.NoError(t, err)
	return string(buffer[:n])
}

func noWarning(t *testing.T) func(error) {
	return func(err error) { t.Error(err) }
}

func TestMessages(t *testing.T) {
	socket := listen(t)
	t.Setenv("WATCHDOG_USEC", "2000000")
	t.Setenv("WATCHDOG_PID", strconv.Itoa(os.Getpid()))
	n := New(noWarning(t))
	require.True(t, n.Enabled())
	require.Equal(t, 2*time.Second, n.watchdog)
	n.Ready()
	require.Equal(t, "READY=1", receive(t, socket))
	n.Status("sees: cup 93 %")
	require.Equal(t, "STATUS=sees: cup 93 %", receive(t, socket))
	n.Stopping()
	require.Equal(t, "STOPPING=1", receive(t, socket))
}

// The watchdog of another process, such as a shell that started edge, is not fed.
func TestWatchdogOfAnotherProcess(t *testing.T) {
	listen(t)
	t.Setenv("WATCHDOG_USEC", "2000000")
	t.Setenv("WATCHDOG_PID", "1")
	require.Zero(t, New(noWarning(t)).watchdog)
}

func TestInvalidWatchdog(t *testing.T) {
	listen(t)
	t.Setenv("WATCHDOG_USEC", "soon")
	t.Setenv("WATCHDOG_PID", "")
	var warning error
	New(func(err error) { warning = err })
	require.ErrorContains(t, warning, "the watchdog is not fed")
}

func TestNoService(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", "")
	n := New(noWarning(t))
	require.False(t, n.Enabled())
	n.Ready()
}

// A line begins with its severity only in the journal, which JOURNAL_STREAM identifies.
func TestPrefix(t *testing.T) {
	reader, writer, err := os.Pipe()
	require.NoError(t, err)
	defer reader.Close()
	defer writer.Close()
	require.Empty(t, Prefix(writer, Warning))
	t.Setenv("JOURNAL_STREAM", "1:2")
	require.Empty(t, Prefix(writer, Warning))
	t.Setenv("JOURNAL_STREAM", stream(t, writer))
	require.Equal(t, "<4>", Prefix(writer, Warning))
	require.Equal(t, "<3>", Prefix(writer, Error))
}

// stream returns the value of JOURNAL_STREAM for a file.
func stream(t *testing.T, f *os.File) string {
	t.Helper()
	var stat unix.Stat_t
	require.NoError(t, unix.Fstat(int(f.Fd()), &stat))
	return fmt.Sprintf("%d:%d", stat.Dev, stat.Ino)
}
