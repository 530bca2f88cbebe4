package integration

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// maxResident is the memory that edge may occupy while a viewer reads the stream, in
// bytes.
const maxResident int = 40e6

// The page shows the camera's picture, and edge stays small while somebody looks.
func TestPageMemory(t *testing.T) {
	enableLoopback(t)
	r := start(t, "--camera", need(t, "HALFMEG_VIDEO"), "--size", "640x480", "--format", "YUYV", "--rate", "5", "--listen", "127.0.0.1:0")
	require.True(t, r.stderr.Scan())
	_, page, found := strings.Cut(r.stderr.Text(), "the page is at ")
	require.True(t, found, r.stderr.Text())
	client := &http.Client{Timeout: time.Minute}
	response, err := client.Get(page + "stream.mjpg")
	require.NoError(t, err)
	defer response.Body.Close()
	require.Equal(t, http.StatusOK, response.StatusCode)
	pictures := &startsOfJPEG{}
	for range 20 {
		r.next(t)
		_, err := io.CopyN(pictures, response.Body, 2000)
		require.NoError(t, err)
	}
	require.Positive(t, pictures.count)
	resident := peakResident(t, r.cmd.Process.Pid)
	t.Logf("%.1f MB resident", float64(resident)/1e6)
	require.LessOrEqual(t, resident, maxResident)
}

// startsOfJPEG counts JPEGs in what is written to it.
type startsOfJPEG struct{ count int }

func (s *startsOfJPEG) Write(p []byte) (int, error) {
	s.count += bytes.Count(p, []byte{0xff, 0xd8, 0xff})
	return len(p), nil
}

// peakResident returns the largest resident memory of a process so far, in bytes.
func peakResident(t *testing.T, pid int) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	require.NoError(t, err)
	m := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(status)
	require.NotNil(t, m, "%s", status)
	kB, err := strconv.Atoi(string(m[1]))
	require.NoError(t, err)
	return kB << 10
}

// enableLoopback brings up the network interface lo, which a board without a system
// manager does not do.
func enableLoopback(tb testing.TB) {
	tb.Helper()
	if listener, err := net.Listen("tcp", "127.0.0.1:0"); err == nil {
		connection, err := net.DialTimeout("tcp", listener.Addr().String(), time.Second)
		require.NoError(tb, listener.Close())
		if err == nil {
			require.NoError(tb, connection.Close())
			return
		}
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	require.NoError(tb, err)
	defer func() { require.NoError(tb, unix.Close(fd)) }()
	ifr, err := unix.NewIfreq("lo")
	require.NoError(tb, err)
	require.NoError(tb, unix.IoctlIfreq(fd, unix.SIOCGIFFLAGS, ifr))
	ifr.SetUint16(ifr.Uint16() | unix.IFF_UP)
	require.NoError(tb, unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, ifr))
}
