package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A run in a service of Type=notify reports its start, what it sees and its end, and feeds
// the watchdog.
func TestService(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify")
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	require.NoError(t, err)
	defer socket.Close()
	command := exec.Command(program, "run", "--camera", "testcard", "--events")
	command.Env = append(os.Environ(), "NOTIFY_SOCKET="+path, "WATCHDOG_USEC=200000")
	require.NoError(t, command.Start())
	t.Cleanup(func() { _ = command.Process.Kill() })
	waitFor := func(prefix string) string {
		t.Helper()
		require.NoError(t, socket.SetReadDeadline(time.Now().Add(30*time.Second)))
		buffer := make([]byte, 1000)
		for {
			n, err := socket.Read(buffer)
			require.NoError(t, err, "no message %s", prefix)
			if text := string(buffer[:n]); strings.HasPrefix(text, prefix) {
				return text
			}
		}
	}
	waitFor("READY=1")
	require.Regexp(t, `^STATUS=sees: .+ \d+ %$`, waitFor("STATUS="))
	waitFor("WATCHDOG=1")
	waitFor("WATCHDOG=1")
	require.NoError(t, command.Process.Signal(syscall.SIGTERM))
	waitFor("STOPPING=1")
	require.NoError(t, command.Wait())
}

// In a service SIGHUP does not end a run without a configuration file, and a permanent error
// of the camera does not end it either: systemd would restart it, and it would log in again.
func TestServiceContinues(t *testing.T) {
	address := networkCamera(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("WWW-Authenticate", `Basic realm="cam"`)
		w.WriteHeader(http.StatusUnauthorized)
	})
	path := filepath.Join(t.TempDir(), "notify")
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	require.NoError(t, err)
	defer socket.Close()
	t.Setenv("NOTIFY_SOCKET", path)
	command, stderr := startWithStderr(t, "run", "--camera", address, "--events")
	require.Regexp(t, "401 Unauthorized.*waiting for the camera", readLines(t, stderr, 1))
	require.NoError(t, command.Process.Signal(syscall.SIGHUP))
	require.Contains(t, readLines(t, stderr, 1), "no configuration file to reload")
	require.NoError(t, command.Process.Signal(syscall.SIGTERM))
	require.NoError(t, command.Wait())
}

// Lines in the journal begin with their severity.
func TestJournal(t *testing.T) {
	stderr, err := os.Create(filepath.Join(t.TempDir(), "journal"))
	require.NoError(t, err)
	defer stderr.Close()
	info, err := stderr.Stat()
	require.NoError(t, err)
	stat, ok := info.Sys().(*syscall.Stat_t)
	require.True(t, ok)
	command := exec.Command(program, "run", "--camera", "nothing")
	command.Env = append(os.Environ(), fmt.Sprintf("JOURNAL_STREAM=%d:%d", stat.Dev, stat.Ino))
	command.Stderr = stderr
	require.Error(t, command.Run())
	text, err := os.ReadFile(stderr.Name())
	require.NoError(t, err)
	require.Regexp(t, `^<3>edge: .*nothing`, string(text))
}
