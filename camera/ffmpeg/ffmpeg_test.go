//go:build unix

package ffmpeg

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v5/pkg/auth"
	"github.com/stretchr/testify/require"

	"halfmeg/camera/internal/deviceerr"
	"halfmeg/camera/internal/newest"
	"halfmeg/camera/pixel"
	"halfmeg/camera/y4m"
	"halfmeg/internal/rtsptest"
)

// parentVariable makes the test program open the address in it, print the process id
// of ffmpeg and hang.
const parentVariable = "HALFMEG_FFMPEG_OWNER"

func TestMain(m *testing.M) {
	address := os.Getenv(parentVariable)
	if address == "" {
		os.Exit(m.Run())
	}
	path, err := Find()
	var s *Stream
	if err == nil {
		s, err = Open(context.Background(), path, Config{Address: address})
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println(s.process.PID())
	time.Sleep(time.Hour)
}

// Each frame of the film shows its number in binary, as white and black columns, the
// most significant bit first.
const (
	width, height = 640, 400
	bits          = 10
	frames        = 50
	rate          = 25
)

func drawNumber(pix []byte, n int) {
	for i := range width * height {
		bit := bits - 1 - i%width*bits/width
		for c := range 3 {
			pix[3*i+c] = byte(-(n >> bit & 1))
		}
	}
}

// number decodes a frame's number.
func number(f pixel.Format, data []byte) int {
	n := 0
	for i := range bits {
		n <<= 1
		if data[f.Height/2*f.Stride+(2*i+1)*f.Width/(2*bits)] > 128 {
			n |= 1
		}
	}
	return n
}

var film = struct {
	once sync.Once
	film *rtsptest.Film
}{}

// serve starts a camera.
func serve(t *testing.T, c rtsptest.Config) *rtsptest.Server {
	t.Helper()
	rtsptest.FFmpeg(t)
	film.once.Do(func() { film.film = rtsptest.Encode(t, width, height, rate, frames, drawNumber) })
	require.NotNil(t, film.film)
	return rtsptest.Start(t, film.film, c)
}

// openStream opens a stream and closes it at the end of the test.
func openStream(t *testing.T, c Config) (*Stream, error) {
	t.Helper()
	path, err := Find()
	require.NoError(t, err)
	if c.Patience == 0 {
		c.Patience = time.Minute // the machine may be busy
	}
	s, err := Open(t.Context(), path, c)
	if err == nil {
		t.Cleanup(func() { require.NoError(t, s.Close()) })
	}
	return s, err
}

func mustOpen(t *testing.T, c Config) *Stream {
	t.Helper()
	s, err := openStream(t, c)
	require.NoError(t, err)
	return s
}

func next(t *testing.T, s *Stream) newest.Frame {
	t.Helper()
	f, err := s.Next(t.Context())
	require.NoError(t, err)
	return f
}

// untilError reads frames until Next returns an error.
func untilError(t *testing.T, s *Stream) error {
	t.Helper()
	for {
		if _, err := s.Next(t.Context()); err != nil {
			return err
		}
	}
}

// Frames are complete and in order, and skipped frames count in their sequence numbers.
func TestFrames(t *testing.T) {
	server := serve(t, rtsptest.Config{Name: "me", Password: "it's /@#? 100% secret"})
	s := mustOpen(t, Config{Address: server.URL()})
	require.Equal(t, pixel.Format{FourCC: pixel.YU12, Width: 576, Height: 360, Stride: 576, Range: pixel.Limited}, s.Format())
	last := next(t, s)
	for range 60 {
		before := number(s.Format(), last.Data)
		f := next(t, s)
		require.Len(t, f.Data, 576*360*3/2)
		n := number(s.Format(), f.Data)
		require.Less(t, n, frames)
		require.Greater(t, f.Sequence, last.Sequence)
		require.Equal(t, (before+int(f.Sequence-last.Sequence))%frames, n)
		last = f
	}
}

func TestAuthentication(t *testing.T) {
	for name, method := range map[string]auth.VerifyMethod{"basic": auth.VerifyMethodBasic, "digest": auth.VerifyMethodDigestMD5} {
		t.Run(name, func(t *testing.T) {
			server := serve(t, rtsptest.Config{Name: "me", Password: "secret", Methods: []auth.VerifyMethod{method}})
			mustOpen(t, Config{Address: server.URL()})
		})
	}
}

// The server's certificate is self-signed.
func TestEncryptedStream(t *testing.T) {
	pages := httptest.NewTLSServer(nil) // only its certificate is used
	defer pages.Close()
	server := serve(t, rtsptest.Config{Name: "me", Password: "secret", TLS: &tls.Config{Certificates: pages.TLS.Certificates}})
	require.True(t, strings.HasPrefix(server.URL(), "rtsps://"))
	_, err := openStream(t, Config{Address: server.URL()})
	require.ErrorIs(t, err, ErrUnchecked)
	mustOpen(t, Config{Address: server.URL(), Insecure: true})
}

func TestOpenErrors(t *testing.T) {
	server := serve(t, rtsptest.Config{Name: "me", Password: "secret"})
	const unauthorized = "; ffmpeg logged: method DESCRIBE failed: 401 Unauthorized | Error opening input: Server returned 401 Unauthorized (authorization failed)"
	name := "rtsp://" + server.Host()
	for _, c := range []struct {
		address, want string
		permanent     bool
	}{
		{"rtsp://me:wrong-password@" + server.Host() + rtsptest.Path,
			name + rtsptest.Path + ": the camera rejects the name or the password of the address" + unauthorized, true},
		{name + rtsptest.Path,
			name + rtsptest.Path + ": the camera requires a password: put name and password into the address, such as rtsp://name:password@camera.local/stream" + unauthorized, true},
		{"rtsp://me:secret@" + server.Host() + "/other", name + "/other: the camera has no stream at this path: look it up in the camera's manual" +
			"; ffmpeg logged: method DESCRIBE failed: 404 Not Found | Error opening input: Server returned 404 Not Found", true},
		{"rtsps://" + server.Host(), "rtsps://" + server.Host() + ": " + ErrUnchecked.Error(), true},
		{"rtsp://me:1#secret@" + server.Host(), "rtsp://…: " + ErrAddress.Error(), true},
	} {
		_, err := openStream(t, Config{Address: c.address})
		require.EqualError(t, err, c.want)
		require.Equal(t, c.permanent, isPermanent(err))
	}
	server.Off()
	_, err := openStream(t, Config{Address: server.URL()})
	require.ErrorContains(t, err, name+rtsptest.Path+": the camera refuses the connection: check that it is on")
	require.False(t, isPermanent(err))
}

func isPermanent(err error) bool { return errors.Is(err, deviceerr.ErrPermanent) }

// Cameras lock accounts after several wrong passwords.
func TestWrongPasswordIsSentOnce(t *testing.T) {
	server := serve(t, rtsptest.Config{Name: "me", Password: "secret", Methods: []auth.VerifyMethod{auth.VerifyMethodBasic}})
	_, err := openStream(t, Config{Address: "rtsp://me:wrong@" + server.Host() + rtsptest.Path})
	require.Error(t, err)
	require.Equal(t, 1, server.Logins())
}

func TestServerShutdown(t *testing.T) {
	server := serve(t, rtsptest.Config{})
	s := mustOpen(t, Config{Address: server.URL()})
	next(t, s)
	server.Off()
	err := untilError(t, s)
	require.ErrorContains(t, err, server.URL()+": ")
	require.NotErrorIs(t, err, deviceerr.ErrNoFrame)
	require.False(t, isPermanent(err))
	require.NoError(t, server.On())
	mustOpen(t, Config{Address: server.URL()})
}

func TestServerHangs(t *testing.T) {
	server := serve(t, rtsptest.Config{})
	s := mustOpen(t, Config{Address: server.URL()})
	s.timeouts.next = 500 * time.Millisecond
	next(t, s)
	server.Silence(true)
	err := untilError(t, s)
	require.EqualError(t, err, server.URL()+": no frame for 0.5 s: the camera or the network hangs")
	require.ErrorIs(t, err, deviceerr.ErrNoFrame)
	require.NoError(t, s.Close())
	_, err = openStream(t, Config{Address: server.URL(), Patience: time.Second})
	require.ErrorIs(t, err, deviceerr.ErrNoFrame)
	require.ErrorContains(t, err, server.URL()+": no frame for 1.0 s: the camera or the network hangs")
}

// Neither the arguments nor the environment of ffmpeg contain the address.
func TestAddressIsHidden(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("LEFT OUT: the arguments of a process are read from Linux's /proc")
	}
	server := serve(t, rtsptest.Config{Name: "me", Password: "secret"})
	s := mustOpen(t, Config{Address: server.URL()})
	for _, file := range []string{"cmdline", "environ"} {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", s.process.PID(), file))
		require.NoError(t, err)
		require.NotContains(t, string(text), "secret")
		require.NotContains(t, string(text), server.Host())
	}
}

// A killed parent cannot clean up, so the kernel must kill ffmpeg.
func TestParentIsKilled(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("LEFT OUT: only Linux kills a child with its parent; elsewhere its next write fails")
	}
	server := serve(t, rtsptest.Config{})
	self, err := os.Executable()
	require.NoError(t, err)
	parent := exec.Command(self)
	parent.Env = append(os.Environ(), parentVariable+"="+server.URL())
	stdout, err := parent.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, parent.Start())
	line, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err)
	id, err := strconv.Atoi(strings.TrimSpace(line))
	require.NoError(t, err, line)
	require.NoError(t, syscall.Kill(id, 0))
	require.NoError(t, parent.Process.Kill())
	require.Error(t, parent.Wait())
	require.Eventually(t, func() bool { return !alive(id) }, time.Minute, 10*time.Millisecond)
}

// alive reports whether a process exists and is not a zombie. In a container without an
// init process nothing may reap a zombie.
func alive(id int) bool {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", id))
	return err == nil && !bytes.Contains(status, []byte("State:\tZ"))
}

func TestClosedStream(t *testing.T) {
	server := serve(t, rtsptest.Config{})
	s := mustOpen(t, Config{Address: server.URL()})
	id := s.process.PID()
	require.NoError(t, s.Close())
	require.ErrorIs(t, syscall.Kill(id, 0), syscall.ESRCH)
	_, err := s.Next(t.Context())
	require.ErrorIs(t, err, fs.ErrClosed)
	require.NoError(t, s.Close())
}

func TestOpenIsCancelled(t *testing.T) {
	server := serve(t, rtsptest.Config{})
	server.Silence(true)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	path, err := Find()
	require.NoError(t, err)
	_, err = Open(ctx, path, Config{Address: server.URL()})
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

func TestNoFFmpeg(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := Find()
	require.EqualError(t, err, "ffmpeg: not in PATH, but it is needed for compressed video (RTSP and the like): sudo apt install ffmpeg")
	require.True(t, isPermanent(err))
}

// render applies the filters to a video that ffmpeg generates. It returns the format and
// the number of the frames.
func render(t *testing.T, c Config, source string) (pixel.Format, int) {
	t.Helper()
	command := exec.Command(rtsptest.FFmpeg(t), "-loglevel", "error", "-f", "lavfi", "-i", source,
		"-vf", c.filters(), "-fps_mode", "passthrough", "-f", "yuv4mpegpipe", "pipe:1")
	var log bytes.Buffer
	command.Stderr = &log
	out, err := command.Output()
	require.NoError(t, err, "%s", &log)
	reader, err := y4m.NewReader(bytes.NewReader(out))
	require.NoError(t, err)
	for n := 0; ; n++ {
		if _, err := reader.Read(nil); err != nil {
			return reader.Format(), n
		}
	}
}

// Frames keep their aspect ratio, even if the camera's pixels are not square.
func TestSizes(t *testing.T) {
	for _, c := range []struct {
		source                string
		width, height         int // of Config
		wantWidth, wantHeight int
	}{
		{"1920x1080", 0, 0, 640, 360},
		{"1080x1920", 0, 0, 360, 640},
		{"640x480", 0, 0, 480, 360},
		{"352x288", 0, 0, 352, 288},
		{"320x180", 0, 0, 320, 180},
		{"704x576,setsar=16/11", 0, 0, 640, 360},
		{"1920x1080", 1280, 720, 1280, 720},
		{"1920x1080", 640, 480, 640, 360},
		{"1920x1080", 101, 101, 102, 56},
		{"640x360", 1920, 1080, 640, 360},
		{"2560x16", 0, 0, 2560, 16},
	} {
		f, _ := render(t, Config{Width: c.width, Height: c.height}, "testsrc=duration=0.1:size="+c.source)
		require.Equal(t, [2]int{c.wantWidth, c.wantHeight}, [2]int{f.Width, f.Height}, "%+v", c)
	}
}

func TestRates(t *testing.T) {
	for rate, want := range map[float64]int{0: 100, 25: 100, 60: 100, 10: 40, 5: 20, 1: 4, 0.1: 1} {
		_, n := render(t, Config{Rate: rate}, "testsrc=size=32x32:rate=25:duration=4")
		require.InDelta(t, want, n, 1, rate)
	}
}

func TestTimeouts(t *testing.T) {
	for want, c := range map[timeouts]Config{
		{15 * time.Second, 10 * time.Second}: {},
		{15 * time.Second, 13 * time.Second}: {Rate: 1},
		{15 * time.Second, time.Minute}:      {Rate: 0.01},
		{time.Second, time.Second}:           {Rate: 1, Patience: time.Second},
	} {
		require.Equal(t, want, c.timeouts())
	}
}

// fakeHardware adds a decoder to the list of video devices and replaces ffmpeg by a
// script. Starts returns a letter for each start: h for the hardware decoder, s for
// software.
func fakeHardware(t *testing.T, script string) (path string, starts func() string) {
	t.Helper()
	devices := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(devices, "video10"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(devices, "video10", "name"), []byte("bcm2835-codec-decode\n"), 0o600))
	before := videoDevices
	videoDevices = devices
	t.Cleanup(func() { videoDevices = before })
	path, list := filepath.Join(t.TempDir(), Program), filepath.Join(t.TempDir(), "starts")
	text := "#!/bin/sh\ncase \"$*\" in *h264_v4l2m2m*) how=h ;; *) how=s ;; esac\necho $how >>'" + list + "'\n" + script
	require.NoError(t, os.WriteFile(path, []byte(text), 0o700))
	return path, func() string {
		text, err := os.ReadFile(list)
		require.NoError(t, err)
		return strings.Join(strings.Fields(string(text)), "")
	}
}

// frame writes a frame of 2x2 pixels.
const frame = `echo "[info]   Stream #0:0: Video: h264 (High), yuv420p(tv, bt709, progressive), 2x2, 25 fps" >&2
printf 'YUV4MPEG2 W2 H2 F25:1 C420\nFRAME\n123456'
`

// The hardware is tried first, and not again after a failure that the log does not
// explain.
func TestHardwareDecoder(t *testing.T) {
	const address = "rtsp://10.0.0.1/film"
	open := func(path string, d *Decoder) error {
		s, err := Open(t.Context(), path, Config{Address: address, Decoder: d})
		if err == nil {
			require.Equal(t, pixel.BT709, s.Format().Matrix)
			_ = untilError(t, s)
			require.NoError(t, s.Close())
		}
		return err
	}
	t.Run("works", func(t *testing.T) {
		path, starts := fakeHardware(t, frame+"exec sleep 0.01")
		require.NoError(t, open(path, new(Decoder)))
		require.Equal(t, "h", starts())
	})
	t.Run("fails", func(t *testing.T) {
		path, starts := fakeHardware(t, "[ $how = s ] || exit 1\n"+frame)
		d := new(Decoder)
		require.NoError(t, open(path, d))
		require.NoError(t, open(path, d))
		require.Equal(t, "hss", starts())
	})
	t.Run("fails early", func(t *testing.T) {
		path, starts := fakeHardware(t, frame+"[ $how = s ] || exit 1\n")
		d := new(Decoder)
		for range 4 {
			require.NoError(t, open(path, d))
		}
		require.Equal(t, "hhss", starts())
	})
	t.Run("both fail", func(t *testing.T) { // not the decoder's fault
		path, starts := fakeHardware(t, "exit 1")
		d := new(Decoder)
		require.Error(t, open(path, d))
		require.Error(t, open(path, d))
		require.Equal(t, "hshs", starts())
	})
	t.Run("fails with a decoder's cause", func(t *testing.T) {
		path, starts := fakeHardware(t, "[ $how = s ] || { echo '[warning] Could not find codec parameters' >&2; exit 1; }\n"+frame)
		require.NoError(t, open(path, new(Decoder)))
		require.Equal(t, "hs", starts())
	})
	t.Run("fails with another cause", func(t *testing.T) {
		path, starts := fakeHardware(t, "echo '[error] method DESCRIBE failed: 401 Unauthorized' >&2; exit 1")
		err := open(path, new(Decoder))
		require.ErrorContains(t, err, "requires a password")
		require.Equal(t, "h", starts())
	})
}

func TestNoHardware(t *testing.T) {
	require.False(t, hasHardware(t.TempDir()))
}

// Close releases a stream's file descriptors and goroutines.
func TestNoLeaks(t *testing.T) {
	path, _ := fakeHardware(t, frame+"exec sleep 100")
	cycle := func() {
		s, err := Open(t.Context(), path, Config{Address: "rtsp://10.0.0.1/film"})
		require.NoError(t, err)
		next(t, s)
		require.NoError(t, s.Close())
	}
	resources := func() [2]int {
		list, err := os.ReadDir("/dev/fd")
		require.NoError(t, err)
		return [2]int{len(list), runtime.NumGoroutine()}
	}
	cycle() // the runtime opens its poller
	before := resources()
	for range 200 {
		cycle()
	}
	require.Eventually(t, func() bool { // the last goroutine may end after Close
		now := resources()
		return now[0] <= before[0] && now[1] <= before[1]+1 // Eventually has one
	}, time.Minute, 10*time.Millisecond)
}

// Output that is not Y4M is an error. It may occur when the size of the video changes.
func TestInvalidOutput(t *testing.T) {
	path, _ := fakeHardware(t, frame+"echo FRAMX; exec sleep 10")
	s, err := Open(t.Context(), path, Config{Address: "rtsp://10.0.0.1/film"})
	require.NoError(t, err)
	require.Error(t, untilError(t, s))
	require.NoError(t, s.Close())
}
