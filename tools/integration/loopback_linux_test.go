package integration

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"halfmeg/camera/testcard"
)

// outputFormat is struct v4l2_format of linux/videodev2.h for an output device.
type outputFormat struct {
	Type          uint32
	_             uint32
	Width, Height uint32
	PixelFormat   uint32
	Field         uint32
	BytesPerLine  uint32
	SizeImage     uint32
	_             [200 - 6*4]byte
}

const (
	// setFormat is VIDIOC_S_FMT: _IOWR('V', 5, struct v4l2_format).
	setFormat = 3<<30 | unsafe.Sizeof(outputFormat{})<<16 | 'V'<<8 | 5

	bufTypeOutput = 2
	fieldNone     = 1
	motionJPEG    = 'M' | 'J'<<8 | 'P'<<16 | 'G'<<24
)

// cardJPEG returns the picture of the test card at a time.
func cardJPEG(t *testing.T, at time.Duration) []byte {
	t.Helper()
	pixels := make([]byte, 3*testcard.Width*testcard.Height)
	var card testcard.Card
	require.NoError(t, card.Draw(pixels, at))
	picture := image.NewRGBA(image.Rect(0, 0, testcard.Width, testcard.Height))
	for i := range testcard.Width * testcard.Height {
		p := pixels[3*i:]
		picture.SetRGBA(i%testcard.Width, i/testcard.Width, color.RGBA{p[0], p[1], p[2], 255})
	}
	var b bytes.Buffer
	require.NoError(t, jpeg.Encode(&b, picture, nil))
	return b.Bytes()
}

// produce makes a loopback device an MJPEG camera of the test card's size until
// the test ends. It shows what is written to fd; until then reading hangs.
func produce(t *testing.T, path string) (fd int) {
	t.Helper()
	fd, err := unix.Open(path, unix.O_RDWR|unix.O_CLOEXEC, 0)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, unix.Close(fd)) })
	f := outputFormat{
		Type: bufTypeOutput, Width: testcard.Width, Height: testcard.Height,
		PixelFormat: motionJPEG, Field: fieldNone, SizeImage: 2 * testcard.Width * testcard.Height,
	}
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), setFormat, uintptr(unsafe.Pointer(&f)))
	require.Zero(t, errno)
	require.EqualValues(t, motionJPEG, f.PixelFormat)
	return fd
}

// feed makes a loopback device show one picture at 30 frames a second.
func feed(t *testing.T, path string, frame []byte) {
	t.Helper()
	fd := produce(t, path)
	stop, ended := make(chan struct{}), make(chan error)
	go func() {
		tick := time.NewTicker(time.Second / 30)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				ended <- nil
				return
			case <-tick.C:
				if _, err := unix.Write(fd, frame); err != nil {
					ended <- err
					return
				}
			}
		}
	}()
	t.Cleanup(func() {
		close(stop)
		require.NoError(t, <-ended)
	})
}

// A loopback device returns what is written to it, byte for byte.
func TestLoopbackShowsWhatIsFed(t *testing.T) {
	path := need(t, "HALFMEG_LOOPBACK")
	frame := cardJPEG(t, 0)
	feed(t, path, frame)
	fd, err := unix.Open(path, unix.O_RDWR|unix.O_CLOEXEC, 0)
	require.NoError(t, err)
	defer func() { require.NoError(t, unix.Close(fd)) }()
	got := make([]byte, 2*testcard.Width*testcard.Height)
	n, err := unix.Read(fd, got)
	require.NoError(t, err)
	require.GreaterOrEqual(t, n, len(frame))
	require.Equal(t, frame, got[:len(frame)])
}
