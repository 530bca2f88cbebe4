package integration

import (
	"strings"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// capability is struct v4l2_capability of linux/videodev2.h.
type capability struct {
	Driver       [16]byte
	Card         [32]byte
	BusInfo      [32]byte
	Version      uint32
	Capabilities uint32
	DeviceCaps   uint32
	Reserved     [3]uint32
}

// queryCap is VIDIOC_QUERYCAP: _IOR('V', 0, struct v4l2_capability).
const queryCap = 2<<30 | unsafe.Sizeof(capability{})<<16 | 'V'<<8

// Bits of capability.DeviceCaps.
const (
	videoCapture = 0x0000_0001
	videoOutput  = 0x0000_0002
	streaming    = 0x0400_0000
)

// query returns the driver and the capabilities of a device.
func query(t *testing.T, path string) (driver string, caps uint32) {
	t.Helper()
	fd, err := unix.Open(path, unix.O_RDWR|unix.O_CLOEXEC, 0)
	require.NoError(t, err)
	defer func() { require.NoError(t, unix.Close(fd)) }()
	var c capability
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), queryCap, uintptr(unsafe.Pointer(&c)))
	require.Zero(t, errno)
	return strings.TrimRight(string(c.Driver[:]), "\x00"), c.DeviceCaps
}

func TestCameraAnswers(t *testing.T) {
	driver, caps := query(t, need(t, "HALFMEG_VIDEO"))
	t.Logf("driver %s, capabilities %#x", driver, caps)
	require.NotEmpty(t, driver)
	require.EqualValues(t, videoCapture|streaming, caps&(videoCapture|streaming))
}

// The emulated board has the cameras that the other tests rely on.
func TestBoardHasItsCameras(t *testing.T) {
	loopback := need(t, "HALFMEG_LOOPBACK")
	driver, _ := query(t, need(t, "HALFMEG_VIDEO"))
	require.Equal(t, "vivid", driver)
	driver, caps := query(t, loopback)
	require.Equal(t, "v4l2 loopback", driver)
	require.EqualValues(t, videoCapture|videoOutput, caps&(videoCapture|videoOutput))
}
