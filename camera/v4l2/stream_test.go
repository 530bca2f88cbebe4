//go:build linux && (amd64 || arm64)

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

// shown is the number that the fake has put into the picture.
func shown(f *Frame) uint64 { return uint64(binary.LittleEndian.Uint32(f.Data)) }

func TestFrames(t *testing.T) {
	for name, f := range map[string]*fake{"single-planar": webcam(), "multi-planar": webcam().multiPlanar()} {
		t.Run(name, func(t *testing.T) {
			s := f.open(t, Wishes{})
			require.Equal(t, pixel.Format{FourCC: pixel.YUYV, Width: 640, Height: 480, Stride: 1280, Range: pixel.Limited}, s.Format())
			require.Equal(t, 25.0, s.rate)
			for n := range uint64(10) {
				frame := next(t, s)
				require.Equal(t, n, frame.Sequence)
				require.Equal(t, n, shown(frame))
				require.Len(t, frame.Data, 640*480*2)
			}
		})
	}
}

func TestPictureMayBeginLaterInItsMemory(t *testing.T) {
	f := webcam().multiPlanar()
	f.offset = 64
	frame := next(t, f.open(t, Wishes{}))
	require.Zero(t, shown(frame))
	require.Len(t, frame.Data, 640*480*2)
}

// The driver took the picture when it was due, which is 30 ms ago.
func TestTimeIsTheDrivers(t *testing.T) {
	f := webcam()
	s := f.open(t, Wishes{})
	f.pass(fakeInterval + 30*time.Millisecond)
	before := time.Now()
	frame := next(t, s)
	require.WithinRange(t, frame.Time, before.Add(-30*time.Millisecond), time.Now().Add(-30*time.Millisecond))
}

func TestTimeOfAnotherClockIsNotBelieved(t *testing.T) {
	for name, change := range map[string]func(*buffer){
		"no clock":   func(b *buffer) { b.flags = 0 },
		"too old":    func(b *buffer) { b.seconds -= 100 },
		"to come":    func(b *buffer) { b.seconds += 100 },
		"never set":  func(b *buffer) { b.seconds, b.micros = 0, 0 },
		"wall clock": func(b *buffer) { b.seconds = time.Now().Unix() },
	} {
		t.Run(name, func(t *testing.T) {
			f := webcam()
			f.finish = func(b *buffer) bool { change(b); return true }
			before := time.Now()
			frame := next(t, f.open(t, Wishes{}))
			require.WithinRange(t, frame.Time, before, time.Now())
		})
	}
}

func TestNewestFrameWins(t *testing.T) {
	f := webcam()
	s := f.open(t, Wishes{})
	require.Equal(t, uint64(0), shown(next(t, s)))
	f.pass(2*fakeInterval + fakeInterval/2) // 1 and 2 are ready
	frame := next(t, s)
	require.Equal(t, uint64(2), shown(frame))
	require.Equal(t, uint64(2), frame.Sequence)
}

// After a long time the driver's buffers are all full of old pictures.
func TestOldFramesAreNoAnswer(t *testing.T) {
	f := webcam()
	s := f.open(t, Wishes{})
	next(t, s)
	f.pass(100 * fakeInterval)
	frame := next(t, s)
	require.Equal(t, uint64(101), shown(frame))
	require.Equal(t, uint64(101), frame.Sequence)
	require.Equal(t, uint64(102), shown(next(t, s)))
}

func TestTwoBuffersAreEnough(t *testing.T) {
	f := webcam()
	f.buffers = 2
	s := f.open(t, Wishes{})
	for n := range uint64(10) {
		require.Equal(t, n, shown(next(t, s)))
	}
}

func TestOneBufferIsNot(t *testing.T) {
	f := webcam()
	f.buffers = 1
	_, err := open(f.device(t), Wishes{})
	require.ErrorContains(t, err, "the driver gives 1 buffers")
}

func TestFrameStaysWhileItIsRead(t *testing.T) {
	f := webcam()
	s := f.open(t, Wishes{})
	frame := next(t, s)
	f.pass(100 * fakeInterval)
	require.Zero(t, shown(frame))
}

func TestDamagedFramesAreDropped(t *testing.T) {
	for name, damage := range map[string]func(*buffer){
		"flagged": func(b *buffer) { b.flags |= flagError },
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
				s := f.open(t, Wishes{})
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
	_, err := f.open(t, Wishes{}).Next(t.Context())
	require.ErrorIs(t, err, deviceerr.ErrNoFrame)
	require.ErrorContains(t, err, "damaged ones: a bad cable")
}

// v4l2loopback says of its first frame that it fills the buffer.
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
	s := f.open(t, Wishes{FourCC: pixel.MJPEG})
	require.Equal(t, pixel.Full, s.Format().Range)
	frame := next(t, s)
	require.Equal(t, uint64(1), frame.Sequence)
	require.Len(t, frame.Data, len(f.memory[0]))
	require.Equal(t, []byte{0xff, 0xd8, 1}, frame.Data[:3])
}

func TestDriverThatDoesNotCount(t *testing.T) {
	f := webcam()
	f.finish = func(b *buffer) bool { b.sequence = 0; return true }
	s := f.open(t, Wishes{})
	for n := range uint64(5) {
		require.Equal(t, n, next(t, s).Sequence)
	}
}

func TestDriversCountMayWrap(t *testing.T) {
	f := webcam()
	f.sequence = 1<<32 - 2
	s := f.open(t, Wishes{})
	for n := range uint64(5) {
		require.Equal(t, n, next(t, s).Sequence)
	}
}

func TestHang(t *testing.T) {
	f := webcam()
	f.finish = func(b *buffer) bool { return b.sequence < 5 }
	s := f.open(t, Wishes{})
	for range 5 {
		next(t, s)
	}
	began := f.clock
	_, err := s.Next(t.Context())
	require.ErrorIs(t, err, deviceerr.ErrNoFrame)
	require.EqualError(t, err, "/dev/video7: has given no frame for 2.1 s")
	require.InDelta(t, 2.12, (f.clock - began).Seconds(), 0.06)
	f.finish = nil // it comes to
	next(t, s)
}

func TestPatienceHasAnEnd(t *testing.T) {
	for rate, want := range map[float64]time.Duration{
		0: 2 * time.Second, 3: 3 * time.Second, 0.01: time.Minute, 1. / (1<<32 - 1): time.Minute,
	} {
		s := Stream{rate: rate, numbered: true}
		require.Equal(t, want, s.patience(), rate)
	}
}

func TestFirstFrameMayTakeLonger(t *testing.T) {
	f := webcam()
	f.finish = func(b *buffer) bool { return b.sequence > 100 }
	require.Equal(t, uint64(101), shown(next(t, f.open(t, Wishes{}))))
}

func TestErrorsWhileStreaming(t *testing.T) {
	for words, change := range map[string]func(*fake){
		"no camera is there": func(f *fake) { f.fail[dequeueBuffer] = unix.ENODEV },
		"input/output error": func(f *fake) { f.fail[dequeueBuffer] = unix.EIO },
		"read a frame":       func(f *fake) { f.failPoll = true }, // POLLERR, and the driver says nothing
		"invalid argument":   func(f *fake) { f.fail[queueBuffer] = unix.EINVAL },
		"has given no frame": func(f *fake) { f.streaming = false },
	} {
		f := webcam()
		s := f.open(t, Wishes{})
		next(t, s)
		change(f)
		_, err := s.Next(t.Context())
		require.ErrorContains(t, err, "/dev/video7: ")
		require.ErrorContains(t, err, words)
	}
}

func TestUnpluggedIsTheSameEverywhere(t *testing.T) {
	f := webcam()
	s := f.open(t, Wishes{})
	f.fail[dequeueBuffer] = unix.ENODEV
	_, streaming := s.Next(t.Context())
	opening := explain("/dev/video7", "open", unix.ENOENT)
	require.EqualError(t, streaming, opening.Error())
	require.ErrorIs(t, streaming, unix.ENODEV)
}

func TestContextEndsTheWait(t *testing.T) {
	f := webcam()
	ctx, cancel := context.WithCancel(t.Context())
	f.finish = func(b *buffer) bool {
		if b.sequence == 3 {
			cancel()
		}
		return false
	}
	_, err := f.open(t, Wishes{}).Next(ctx)
	require.ErrorIs(t, err, context.Canceled)
	require.Less(t, f.clock, f.due+glance)
	require.LessOrEqual(t, f.sequence, uint32(6))
}

func TestClosedStream(t *testing.T) {
	f := webcam()
	s := f.open(t, Wishes{})
	next(t, s)
	require.NoError(t, s.Close())
	_, err := s.Next(t.Context())
	require.ErrorIs(t, err, fs.ErrClosed)
	require.Zero(t, f.mapped)
	require.True(t, f.closed)
	require.False(t, f.streaming)
}

// Each request fails in turn: nothing is left open or mapped.
func TestFailedOpeningLeavesNothing(t *testing.T) {
	for _, request := range []uintptr{enumFormats, setFormat, requestBuffer, queryBuffer, queueBuffer, streamOn} {
		f := webcam()
		f.fail[request] = unix.EIO
		_, err := open(f.device(t), Wishes{})
		require.Error(t, err)
		require.True(t, f.closed)
		require.Zero(t, f.mapped)
	}
	f := webcam()
	f.fail[queryCapability] = unix.ENOTTY
	_, err := newDevice("/dev/video7", f)
	require.EqualError(t, err, "/dev/video7: not a video device")
	require.True(t, f.closed)
}

func TestFramesCostNoGarbage(t *testing.T) {
	for name, f := range map[string]*fake{"single-planar": webcam(), "multi-planar": webcam().multiPlanar()} {
		t.Run(name, func(t *testing.T) {
			s := f.open(t, Wishes{})
			require.Zero(t, testing.AllocsPerRun(100, func() {
				f.pass(f.interval * time.Duration(f.sequence%8)) // so that some are stale
				next(t, s)
			}))
		})
	}
}

// heap is the memory in use, in bytes.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func TestHundredThousandFrames(t *testing.T) {
	f := webcam()
	s := f.open(t, Wishes{Width: 320, Height: 240})
	before := heap()
	for n := range uint64(100_000) {
		frame := next(t, s)
		if n != frame.Sequence || n != shown(frame) {
			t.Fatalf("frame %d is numbered %d and shows %d", n, frame.Sequence, shown(frame))
		}
	}
	require.Less(t, heap(), before+1<<16)
}

func TestThousandReopenings(t *testing.T) {
	cycle := func() {
		f := webcam()
		s, err := open(f.device(t), Wishes{Width: 320, Height: 240})
		require.NoError(t, err)
		next(t, s)
		f.fail[dequeueBuffer], f.fail[streamOff] = unix.ENODEV, unix.ENODEV
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
