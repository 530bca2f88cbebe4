//go:build unix

package rpicam

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"halfmeg/camera/internal/deviceerr"
	"halfmeg/camera/internal/newest"
	"halfmeg/camera/pixel"
)

// Timeouts for tests in which nothing hangs, on however busy a machine, and for
// tests in which the program hangs after the first frame.
var (
	endless = timeouts{time.Minute, time.Minute}
	short   = timeouts{time.Minute, 50 * time.Millisecond}
)

// small has the smallest frames.
var small = Config{Width: 128, Height: 2}

func openFake(t *testing.T, behaviour string, c Config, limits timeouts) (*Stream, error) {
	t.Helper()
	s, err := open(t.Context(), InstallFake(t, behaviour), c, limits)
	if err == nil {
		t.Cleanup(func() {
			require.NoError(t, s.Close())
			requireNoChildren(t)
		})
		return s, nil
	}
	requireNoChildren(t)
	return nil, err
}

func mustOpen(t *testing.T, behaviour string, c Config, limits timeouts) *Stream {
	t.Helper()
	s, err := openFake(t, behaviour, c, limits)
	require.NoError(t, err)
	return s
}

// untilError reads frames until Next fails.
func untilError(t *testing.T, s *Stream) (frames int, err error) {
	t.Helper()
	for {
		f, err := s.Next(t.Context())
		if err != nil {
			require.NotErrorIs(t, err, io.EOF) // io.EOF is a regular end
			return frames, err
		}
		require.Equal(t, [2]uint64{f.Sequence, f.Sequence}, numbers(f))
		frames++
	}
}

func TestFrames(t *testing.T) {
	for _, behaviour := range []string{"good", "slow", "late"} {
		t.Run(behaviour, func(t *testing.T) {
			before := time.Now()
			s := mustOpen(t, behaviour, Config{}, endless)
			require.Equal(t, pixel.Format{FourCC: pixel.YU12, Width: 640, Height: 480, Stride: 640, Range: pixel.Full}, s.Format())
			last := -1
			for range 10 {
				f, err := s.Next(t.Context())
				require.NoError(t, err)
				require.Len(t, f.Data, 640*480*3/2)
				require.Equal(t, [2]uint64{f.Sequence, f.Sequence}, numbers(f))
				require.Greater(t, int(f.Sequence), last)
				require.WithinRange(t, f.Time, before, time.Now())
				last = int(f.Sequence)
			}
		})
	}
}

func TestSizes(t *testing.T) {
	for _, c := range []struct{ width, height, wantWidth, wantHeight int }{
		{0, 0, 640, 480}, {640, 480, 640, 480}, {1280, 720, 1280, 720}, {1920, 1080, 1920, 1080},
		{320, 240, 384, 240}, {300, 201, 256, 202}, {1, 1, 128, 2},
	} {
		f := Config{Width: c.width, Height: c.height}.Format()
		require.Equal(t, [2]int{c.wantWidth, c.wantHeight}, [2]int{f.Width, f.Height})
		require.Equal(t, f.Width*f.Height*3/2, f.Size())
	}
}

func TestArguments(t *testing.T) {
	require.Equal(t, []string{"--codec", "yuv420", "--width", "1280", "--height", "720", "--framerate", "7.5",
		"--timeout", "0", "--nopreview", "--flush", "--verbose", "1", "--output", "-"},
		arguments(Config{Width: 1280, Height: 720}.Format(), 7.5))
	require.Contains(t, arguments(Config{}.Format(), 0), "30")
}

func TestProgramIsFound(t *testing.T) {
	path := InstallFake(t, "good")
	found, err := Find()
	require.NoError(t, err)
	require.Equal(t, path, found)

	old := path[:len(path)-len(programs[0])] + programs[1]
	require.NoError(t, os.Rename(path, old))
	found, err = Find()
	require.NoError(t, err)
	require.Equal(t, old, found)

	require.NoError(t, os.Remove(old))
	_, err = Find()
	require.EqualError(t, err, "rpicam-vid: neither it nor libcamera-vid is in PATH: on a Raspberry Pi, sudo apt install rpicam-apps")
	require.ErrorIs(t, err, deviceerr.ErrPermanent)
}

func TestProgramIsMissing(t *testing.T) {
	_, err := Open(t.Context(), "/nowhere/rpicam-vid", Config{})
	require.ErrorContains(t, err, "rpicam-vid: cannot be started")
	require.ErrorIs(t, err, fs.ErrNotExist)
}

func TestFailuresAreExplained(t *testing.T) {
	for behaviour, want := range map[string]string{
		"none": "rpicam-vid: no camera module found: check its cable, with the power off, and the line camera_auto_detect=1 " +
			"(or the module's dtoverlay) of /boot/firmware/config.txt; or the user may not open it (try with sudo); it logged: ERROR: *** no cameras available ***",
		"busy": "rpicam-vid: the camera is in use by another program: stop it first; " +
			"it logged: ERROR: *** failed to acquire camera /base/imx708@1a ***",
		"option": "rpicam-vid: this version lacks a required option: sudo apt full-upgrade; " +
			"it logged: ERROR: *** unrecognised option '--flush' ***",
	} {
		_, err := openFake(t, behaviour, Config{}, endless)
		require.EqualError(t, err, want)
		require.NotErrorIs(t, err, deviceerr.ErrPermanent)
		require.Equal(t, behaviour == "none", errors.Is(err, deviceerr.ErrAbsent))
	}
}

func TestProgramFailsWithinFrame(t *testing.T) {
	frames, err := untilError(t, mustOpen(t, "short", small, endless))
	require.Positive(t, frames)
	require.EqualError(t, err, "rpicam-vid: ended: exit status 255, in the middle of a frame (192 of 384 bytes); it logged: ERROR: *** failed to dequeue ***")
}

func TestProgramExits(t *testing.T) {
	frames, err := untilError(t, mustOpen(t, "quit", small, endless))
	require.Positive(t, frames)
	require.EqualError(t, err, "rpicam-vid: exited unexpectedly")
}

func TestProgramClosesItsOutput(t *testing.T) {
	_, err := untilError(t, mustOpen(t, "closed", small, endless))
	require.EqualError(t, err, "rpicam-vid: ended: signal: terminated")
}

func TestProgramHangs(t *testing.T) {
	s := mustOpen(t, "hang", small, short)
	frames, err := untilError(t, s)
	require.Positive(t, frames)
	require.ErrorContains(t, err, "rpicam-vid: no frame for 0.1 s")
	require.ErrorIs(t, err, deviceerr.ErrNoFrame)
	require.NoError(t, s.Close())

	_, err = openFake(t, "silent", small, timeouts{first: 50 * time.Millisecond})
	require.ErrorIs(t, err, deviceerr.ErrNoFrame)
}

func TestSizeMismatch(t *testing.T) {
	_, err := openFake(t, "resized", small, endless)
	require.EqualError(t, err, "rpicam-vid: the camera sends 1296x972 instead of 128x2: ask for 1280x972 or another size")
	require.ErrorIs(t, err, deviceerr.ErrPermanent)
}

// Without a size in the log no frame is returned.
func TestSizeIsNotLogged(t *testing.T) {
	_, err := openFake(t, "unsized", small, short)
	require.EqualError(t, err, "rpicam-vid: its log lacks the frames' size (configuring streams: …), without which frames cannot be told apart; "+
		"report this with its version: rpicam-apps build: v1.7.0 libcamera build: v0.5.0")
	require.ErrorIs(t, err, deviceerr.ErrPermanent)
}

// The user's settings of libcamera's log are overridden, others kept.
func TestEnvironment(t *testing.T) {
	t.Setenv("LIBCAMERA_LOG_FILE", "/tmp/log")
	t.Setenv("LIBCAMERA_LOG_LEVELS", "*:ERROR")
	t.Setenv("LIBCAMERA_IPA_CONFIG_PATH", "/tuning")
	got := environment()
	require.Contains(t, got, "LIBCAMERA_LOG_LEVELS=*:INFO")
	require.Contains(t, got, "LIBCAMERA_IPA_CONFIG_PATH=/tuning")
	require.NotContains(t, got, "LIBCAMERA_LOG_LEVELS=*:ERROR")
	require.NotContains(t, got, "LIBCAMERA_LOG_FILE=/tmp/log")
}

func TestTimeouts(t *testing.T) {
	for want, c := range map[timeouts]Config{
		{10 * time.Second, 3 * time.Second}:  {},
		{43 * time.Second, 33 * time.Second}: {Rate: 0.1},
		{time.Minute, time.Minute}:           {Rate: 1e-10},
		{4 * time.Second, 3 * time.Second}:   {ShortTimeout: true},
		{90 * time.Second, 90 * time.Second}: {Patience: 90 * time.Second, Rate: 10, ShortTimeout: true},
	} {
		require.Equal(t, want, c.timeouts())
	}
	require.Equal(t, timeouts{time.Minute, time.Minute}, Config{Rate: math.SmallestNonzeroFloat64}.timeouts())
}

func TestRoundDown(t *testing.T) {
	for size, want := range map[[2]int][2]int{{3280, 2464}: {3200, 2464}, {1280, 721}: {1280, 720}, {1, 1}: {128, 2}} {
		width, height := RoundDown(size[0], size[1])
		require.Equal(t, want, [2]int{width, height})
	}
}

func TestContextEndsOpen(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := open(ctx, InstallFake(t, "silent"), small, endless)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	requireNoChildren(t)
}

func TestContextEndsNext(t *testing.T) {
	s := mustOpen(t, "stubborn", small, endless)
	_, err := s.Next(t.Context())
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	_, err = s.Next(ctx)
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

func TestClosedStream(t *testing.T) {
	s := mustOpen(t, "good", small, endless)
	require.NoError(t, s.Close())
	_, err := s.Next(t.Context())
	require.ErrorIs(t, err, fs.ErrClosed)
	require.NoError(t, s.Close())
}

func TestCloseTerminates(t *testing.T) {
	for _, behaviour := range []string{"good", "hang", "stubborn", "parent"} {
		t.Run(behaviour, func(t *testing.T) {
			alive := alivePipe(t)
			s := mustOpen(t, behaviour, small, endless)
			require.NoError(t, s.Close())
			requireExited(t, alive)
			requireNoChildren(t)
		})
	}
}

// A killed parent cannot clean up, so the kernel must kill the fake, which ignores
// signals and does not write.
func TestProgramDiesWithItsParent(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("LEFT OUT: only Linux kills a child with its parent; elsewhere its next write fails")
	}
	alive := alivePipe(t)
	owner := exec.Command(InstallFake(t, "owner"))
	stdout, err := owner.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, owner.Start())
	line, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "first frame\n", line)
	require.NoError(t, owner.Process.Kill())
	require.Error(t, owner.Wait())
	requireExited(t, alive)
}

// resources counts what might leak.
func resources(t *testing.T) (descriptors, goroutines int) {
	t.Helper()
	list, err := os.ReadDir("/dev/fd")
	require.NoError(t, err)
	return len(list), runtime.NumGoroutine()
}

// zeros writes a program that starts faster than the fake and returns its path.
func zeros(t testing.TB, c Config) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "rpicam-vid")
	script := fmt.Sprintf("#!/bin/sh\necho 'configuring streams: (0) %dx%d-YUV420' >&2\nexec cat /dev/zero\n", c.Format().Width, c.Format().Height)
	require.NoError(t, os.WriteFile(path, []byte(script), 0o700))
	return path
}

func TestThousandCyclesLeakNothing(t *testing.T) {
	path := zeros(t, small)
	cycle := func() {
		s, err := open(t.Context(), path, small, endless)
		require.NoError(t, err)
		_, err = s.Next(t.Context())
		require.NoError(t, err)
		require.NoError(t, s.Close())
	}
	cycle() // the runtime opens its poller
	descriptors, goroutines := resources(t)
	for range 1000 {
		cycle()
	}
	requireNoChildren(t)
	for start := time.Now(); ; time.Sleep(time.Millisecond) { // the last goroutine ends after Close
		d, g := resources(t)
		if d <= descriptors && g <= goroutines {
			return
		}
		require.Less(t, time.Since(start), time.Minute, "%d descriptors more, %d goroutines more", d-descriptors, g-goroutines)
	}
}

// streamFrom returns a stream without a process and the writer of its data.
func streamFrom(t *testing.T) (*Stream, *os.File) {
	t.Helper()
	reader, writer, err := os.Pipe()
	require.NoError(t, err)
	f := small.Format()
	s := &Stream{format: f, timeouts: endless, process: &process{log: newLog()}, pipe: reader, timer: time.NewTimer(time.Minute)}
	s.frames = newest.Start(func(buf []byte) ([]byte, error) {
		if buf == nil {
			buf = make([]byte, f.Size())
		}
		_, err := io.ReadFull(reader, buf)
		return buf, err
	})
	t.Cleanup(func() {
		require.NoError(t, writer.Close())
		<-s.frames.Done()
		require.NoError(t, reader.Close())
	})
	return s, writer
}

func TestNextAllocatesNothing(t *testing.T) {
	s, writer := streamFrom(t)
	data := make([]byte, s.format.Size())
	var n uint64
	next := func() {
		_, err := writer.Write(data)
		require.NoError(t, err)
		f, err := s.Next(t.Context())
		require.NoError(t, err)
		if f.Sequence != n {
			require.Equal(t, n, f.Sequence)
		}
		n++
	}
	require.Zero(t, testing.AllocsPerRun(100_000, next))
}

// BenchmarkFrames measures how fast frames pass through the pipe.
func BenchmarkFrames(b *testing.B) {
	s, err := open(b.Context(), zeros(b, Config{}), Config{}, endless)
	require.NoError(b, err)
	defer func() { require.NoError(b, s.Close()) }()
	b.SetBytes(int64(s.Format().Size()))
	b.ReportAllocs()
	for b.Loop() {
		_, err := s.Next(b.Context())
		require.NoError(b, err)
	}
}
