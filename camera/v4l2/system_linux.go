//go:build amd64 || arm64

package v4l2

import (
	"errors"
	"os"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// node is an open device file. It holds all calls to the operating system; the
// tests replace it by a fake driver.
type node interface {
	// ioctl passes a structure to the driver and back.
	ioctl(request uintptr, argument unsafe.Pointer) error
	// mmap maps a driver's buffer, which the offset identifies.
	mmap(offset int64, length int) ([]byte, error)
	munmap(memory []byte) error
	// poll waits until the driver has a frame or fails, or the timeout elapses.
	poll(timeout time.Duration) (readiness, error)
	// monotonic reads CLOCK_MONOTONIC, the clock of the driver's timestamps.
	monotonic() time.Duration
	close() error
}

// readiness is the result of poll.
type readiness int

const (
	notReady     readiness = iota
	frameReady             // POLLIN
	deviceFailed           // POLLERR, POLLHUP or POLLNVAL
)

// file is the node of a real device.
type file struct {
	descriptor int
	polled     []unix.PollFd // one element, kept so that poll does not allocate
}

func openFile(path string) (node, error) {
	for {
		descriptor, err := unix.Open(path, unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
		if err == nil {
			return &file{descriptor, make([]unix.PollFd, 1)}, nil
		}
		if !errors.Is(err, unix.EINTR) {
			return nil, err
		}
	}
}

func (f *file) ioctl(request uintptr, argument unsafe.Pointer) error {
	for {
		_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(f.descriptor), request, uintptr(argument))
		switch errno {
		case 0:
			return nil
		case unix.EINTR:
		default:
			return errno
		}
	}
}

// mmap passes the length as it is: the kernel rounds it to whole pages.
func (f *file) mmap(offset int64, length int) ([]byte, error) {
	return unix.Mmap(f.descriptor, offset, length, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
}

func (f *file) munmap(memory []byte) error { return unix.Munmap(memory) }

func (f *file) poll(timeout time.Duration) (readiness, error) {
	f.polled[0] = unix.PollFd{Fd: int32(f.descriptor), Events: unix.POLLIN}
	n, err := unix.Poll(f.polled, int(timeout.Milliseconds()))
	switch {
	case errors.Is(err, unix.EINTR): // the caller checks its deadline and polls again
		return notReady, nil
	case err != nil:
		return notReady, err
	case n == 0:
		return notReady, nil
	case f.polled[0].Revents&(unix.POLLERR|unix.POLLHUP|unix.POLLNVAL) != 0:
		return deviceFailed, nil
	default:
		return frameReady, nil
	}
}

func (f *file) monotonic() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &t); err != nil {
		return 0 // every kernel has this clock
	}
	return time.Duration(t.Nano())
}

func (f *file) close() error { return os.NewSyscallError("close", unix.Close(f.descriptor)) }
