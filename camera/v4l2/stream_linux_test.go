//go:build amd64 || arm64

package v4l2

import (
	"context"
	"encoding/binary"
	"io/fs"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"halfmeg/camera/internal/deviceerr"
	"halfmeg/camera/pixel"
)

func next(t *testing.T, s *Stream) *Frame {
	t.Helper()
	f, err := s.Next(t.Context())
	require.NoError(t, err)
	return f
}

// pictureNumber returns the number that the fake has put into the picture.
func pictureNumber(f *Frame) uint64 { return uint64(binary.LittleEndian.Uint32(f.Data)) }

func TestFrames(t *testing.T) {
	for name, f := range map[string]*fake{"single-planar": webcam(), "multi-planar": webcam().multiPlanar()} {
		t.Run(name, func(t *testing.T) {
			s := f.open(t, Config{})
			require.Equal(t, pixel.Format{FourCC: pixel.YUYV, Width: 640, Height: 480, Stride: 1280, Range: pixel.Limited}, s.Format())
			require.Equal(t, 25.0, s.rate)
			for n := range uint64(10) {
				frame := next(t, s)
				require.Equal(t, n, frame.Sequence)
				require.Equal(t, n, pictureNumber(frame))
				require.Len(t, frame.Data, 640*480*2)
			}
		})
	}
}

func TestDataOffset(t *testing.T) {
	f := webcam().multiPlanar()
	f.offset = 64
	frame := next(t, f.open(t, Config{}))
	require.Zero(t, pictureNumber(frame))
	require.Len(t, frame.Data, 640*480*2)
}

// The driver took the picture 30 ms ago.
func TestFrameTimeIsTheDrivers(t *testing.T) {
	f := webcam()
	s := f.open(t, Config{})
	f.advance(fakeInterval + 30*time.Millisecond)
	before := time.Now()
	frame := next(t, s)
	require.WithinRange(t, frame.Time, before.Add(-30*time.Millisecond), time.Now().Add(-30*time.Millisecond))
}

func TestUnusableTimestamps(t *testing.T) {
	for name, change := range map[string]func(*buffer){
		"no clock":   func(b *buffer) { b.flags = 0 },
		"too old":    func(b *buffer) { b.seconds -= 100 },
		"in future":  func(b *buffer) { b.seconds += 100 },
		"never set":  func(b *buffer) { b.seconds, b.micros = 0, 0 },
		"wall clock": func(b *buffer) { b.seconds = time.Now().Unix() },
	} {
		t.Run(name, func(t *testing.T) {
			f := webcam()
			f.finish = func(b *buffer) bool { change(b); return true }
			before := time.Now()
			frame := next(t, f.open(t, Config{}))
			require.WithinRange(t, frame.Time, before, time.Now())
		})
	}
}

func TestNextReturnsTheNewest(t *testing.T) {
	f := webcam()
	s := f.open(t, Config{})
	require.Equal(t, uint64(0), pictureNumber(next(t, s)))
	f.advance(2*fakeInterval + fakeInterval/2) // 1 and 2 are filled
	frame := next(t, s)
	require.Equal(t, uint64(2), pictureNumber(frame))
	require.Equal(t, uint64(2), frame.Sequence)
}

// After a long time all of the driver's buffers hold old pictures.
func TestStaleFramesAreDropped(t *testing.T) {
	f := webcam()
	s := f.open(t, Config{})
	next(t, s)
	f.advance(100 * fakeInterval)
	frame := next(t, s)
	require.Equal(t, uint64(101), pictureNumber(frame))
	require.Equal(t, uint64(101), frame.Sequence)
	require.Equal(t, uint64(102), pictureNumber(next(t, s)))
}

func TestTwoBuffers(t *testing.T) {
	f := webcam()
	f.buffers = 2
	s := f.open(t, Config{})
	for n := range uint64(10) {
		require.Equal(t, n, pictureNumber(next(t, s)))
	}
}

func TestOneBufferIsRejected(t *testing.T) {
	f := webcam()
	f.buffers = 1
	_, err := open(f.device(t), Config{})
	require.ErrorContains(t, err, "the driver allocated 1 buffers, expected 2…32")
}

func TestFrameIsNotOverwritten(t *testing.T) {
	f := webcam()
	s := f.open(t, Config{})
	frame := next(t, s)
	f.advance(100 * fakeInterval)
	require.Zero(t, pictureNumber(frame))
}

func TestDamagedFramesAreDropped(t *testing.T) {
	for name, damage := range map[string]func(*buffer){
		"flagged": func(b *buffer) { b.flags |= bufFlagError },
		"short":   func(b *buffer) { b.bytesUsed-- },
		"empty":   func(b *buffer) { b.bytesUsed = 0 },
	} {
		for kind, f := range map[string]*fake{"single-planar": webcam(), "multi-planar": webcam().multiPlanar()} {
			t.Run(name+", "+kind, func(t *testing.T) {
				f.finish = func(b *buffer) bool {
					if b.sequence%2 == 1 {
						damage(b)
					}
					return true
				}
				s := f.open(t, Config{})
				for n := range uint64(10) {
					require.Equal(t, 2*n, next(t, s).Sequence)
				}
			})
		}
	}
}

func TestOnlyDamagedFramesAreAnError(t *testing.T) {
	f := webcam()
	f.finish = func(b *buffer) bool { b.bytesUsed = 100; return true }
	_, err := f.open(t, Config{}).Next(t.Context())
	require.ErrorIs(t, err, deviceerr.ErrNoFrame)
	require.ErrorContains(t, err, "no whole frame for 10.0 s, 250 damaged ones: a bad cable")
}

// The first frame of v4l2loopback is not a JPEG, and its length that of the buffer.
func TestJPEGIsRecognisedByItsStart(t *testing.T) {
	f := webcam()
	f.finish = func(b *buffer) bool {
		if b.sequence == 0 {
			f.memory[b.index][0] = 0
		}
		if b.sequence == 1 {
			b.bytesUsed = uint32(len(f.memory[0]) + 1000)
		}
		return true
	}
	s := f.open(t, Config{FourCC: pixel.MJPEG})
	require.Equal(t, pixel.Full, s.Format().Range)
	frame := next(t, s)
	require.Equal(t, uint64(1), frame.Sequence)
	require.Len(t, frame.Data, len(f.memory[0]))
	require.Equal(t, []byte{0xff, 0xd8, 1}, frame.Data[:3])
}

func TestConstantSequence(t *testing.T) {
	f := webcam()
	f.finish = func(b *buffer) bool { b.sequence = 0; return true }
	s := f.open(t, Config{})
	for n := range uint64(5) {
		require.Equal(t, n, next(t, s).Sequence)
	}
}

func TestSequenceThatWraps(t *testing.T) {
	f := webcam()
	f.sequence = 1<<32 - 2
	s := f.open(t, Config{})
	for n := range uint64(5) {
		require.Equal(t, n, next(t, s).Sequence)
	}
}

func TestTimeout(t *testing.T) {
	f := webcam()
	f.finish = func(b *buffer) bool { return b.sequence < 5 }
	s := f.open(t, Config{})
	for range 5 {
		next(t, s)
	}
	start := f.clock
	_, err := s.Next(t.Context())
	require.ErrorIs(t, err, deviceerr.ErrNoFrame)
	require.EqualError(t, err, "/dev/video7: no frame for 2.1 s")
	require.InDelta(t, 2.12, (f.clock - start).Seconds(), 0.06)
	f.finish = nil // the device recovers
	next(t, s)
}

func TestTimeoutIsBounded(t *testing.T) {
	for rate, want := range map[float64]time.Duration{
		0: 2 * time.Second, 3: 3 * time.Second, 0.01: time.Minute, 1. / (1<<32 - 1): time.Minute,
	} {
		s := Stream{rate: rate, anyFrame: true}
		require.Equal(t, want, s.timeout(), rate)
	}
}

// TestBytesBeforeJPEG has a camera that writes some before each frame.
func TestBytesBeforeJPEG(t *testing.T) {
	f := webcam()
	f.finish = func(b *buffer) bool { copy(f.memory[b.index], "\x00\x00\xff\xd8"); return true }
	s := f.open(t, Config{FourCC: pixel.MJPEG})
	require.Equal(t, []byte{0, 0, 0xff, 0xd8}, next(t, s).Data[:4])
}

func TestPatience(t *testing.T) {
	f := webcam()
	start := f.clock
	f.finish = func(*buffer) bool { return f.clock-start > 9*time.Second }
	next(t, f.open(t, Config{})) // by default

	f = webcam()
	start = f.clock
	f.finish = func(*buffer) bool { return f.clock-start > 50*time.Second }
	next(t, f.open(t, Config{Patience: time.Minute}))

	f = webcam()
	f.finish = func(*buffer) bool { return false }
	_, err := f.open(t, Config{Patience: time.Second}).Next(t.Context())
	require.EqualError(t, err, "/dev/video7: no frame for 1.0 s")
}

func TestFirstFrameMayTakeLonger(t *testing.T) {
	f := webcam()
	f.finish = func(b *buffer) bool { return b.sequence > 100 }
	require.Equal(t, uint64(101), pictureNumber(next(t, f.open(t, Config{}))))
}

func TestErrorsWhileStreaming(t *testing.T) {
	for words, change := range map[string]func(*fake){
		"camera not found":   func(f *fake) { f.fail[vidiocDqbuf] = unix.ENODEV },
		"input/output error": func(f *fake) { f.fail[vidiocDqbuf] = unix.EIO },
		"read a frame":       func(f *fake) { f.failPoll = true }, // POLLERR without an error from the driver
		"invalid argument":   func(f *fake) { f.fail[vidiocQbuf] = unix.EINVAL },
		"no frame for":       func(f *fake) { f.streaming = false },
	} {
		f := webcam()
		s := f.open(t, Config{})
		next(t, s)
		change(f)
		_, err := s.Next(t.Context())
		require.ErrorContains(t, err, "/dev/video7: ")
		require.ErrorContains(t, err, words)
	}
}

func TestUnpluggedErrorsAreEqual(t *testing.T) {
	f := webcam()
	s := f.open(t, Config{})
	f.fail[vidiocDqbuf] = unix.ENODEV
	_, streaming := s.Next(t.Context())
	opening := explain("/dev/video7", "open", unix.ENOENT)
	require.EqualError(t, streaming, opening.Error())
	require.ErrorIs(t, streaming, unix.ENODEV)
}

func TestContextEndsNext(t *testing.T) {
	f := webcam()
	ctx, cancel := context.WithCancel(t.Context())
	f.finish = func(b *buffer) bool {
		if b.sequence == 3 {
			cancel()
		}
		return false
	}
	_, err := f.open(t, Config{}).Next(ctx)
	require.ErrorIs(t, err, context.Canceled)
	require.Less(t, f.clock, f.due+pollTimeout)
	require.LessOrEqual(t, f.sequence, uint32(6))
}

func TestClosedStream(t *testing.T) {
	f := webcam()
	s := f.open(t, Config{})
	next(t, s)
	require.NoError(t, s.Close())
	_, err := s.Next(t.Context())
	require.ErrorIs(t, err, fs.ErrClosed)
	require.Zero(t, f.mapped)
	require.True(t, f.closed)
	require.False(t, f.streaming)
}

// One request after the other fails; the device is closed and unmapped.
func TestFailedOpenReleasesAll(t *testing.T) {
	for _, request := range []uintptr{vidiocEnumFmt, vidiocSFmt, vidiocReqbufs, vidiocQuerybuf, vidiocQbuf, vidiocStreamon} {
		f := webcam()
		f.fail[request] = unix.EIO
		_, err := open(f.device(t), Config{})
		require.Error(t, err)
		require.True(t, f.closed)
		require.Zero(t, f.mapped)
	}
	f := webcam()
	f.fail[vidiocQuerycap] = unix.ENOTTY
	_, err := newDevice("/dev/video7", f)
	require.EqualError(t, err, "/dev/video7: not a video device")
	require.True(t, f.closed)
}

func TestNextAllocatesNothing(t *testing.T) {
	for name, f := range map[string]*fake{"single-planar": webcam(), "multi-planar": webcam().multiPlanar()} {
		t.Run(name, func(t *testing.T) {
			s := f.open(t, Config{})
			require.Zero(t, testing.AllocsPerRun(100, func() {
				f.advance(f.interval * time.Duration(f.sequence%8)) // some are stale
				next(t, s)
			}))
		})
	}
}

// heap returns the number of bytes in use.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func TestHundredThousandFrames(t *testing.T) {
	f := webcam()
	s := f.open(t, Config{Width: 320, Height: 240})
	before := heap()
	for n := range uint64(100_000) {
		frame := next(t, s)
		if n != frame.Sequence || n != pictureNumber(frame) {
			t.Fatalf("frame %d has sequence %d and number %d", n, frame.Sequence, pictureNumber(frame))
		}
	}
	require.Less(t, heap(), before+1<<16)
}

func TestThousandReopenings(t *testing.T) {
	cycle := func() {
		f := webcam()
		s, err := open(f.device(t), Config{Width: 320, Height: 240})
		require.NoError(t, err)
		next(t, s)
		f.fail[vidiocDqbuf], f.fail[vidiocStreamoff] = unix.ENODEV, unix.ENODEV
		_, err = s.Next(t.Context())
		require.ErrorIs(t, err, unix.ENODEV)
		require.NoError(t, s.Close())
		require.Zero(t, f.mapped)
		require.True(t, f.closed)
	}
	cycle()
	before := heap()
	for range 1000 {
		cycle()
	}
	require.Less(t, heap(), before+1<<16)
}
