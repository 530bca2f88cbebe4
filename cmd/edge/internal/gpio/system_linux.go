package gpio

import (
	"os"
	"path/filepath"
	"slices"
	"unsafe"

	"golang.org/x/sys/unix"
)

// System is the part of the operating system that the package uses. Package gpiotest has a
// fake.
type System interface {
	// Chips returns the paths of all character devices.
	Chips() ([]string, error)
	// Open opens a character device.
	Open(path string) (Device, error)
	// Line returns the device of a descriptor that the kernel created for requested lines.
	Line(descriptor int32) (Device, error)
}

// Device is an open chip, or a requested line.
type Device interface {
	// Ioctl passes a structure to the kernel and back.
	Ioctl(request uintptr, argument unsafe.Pointer) error
	// Read blocks until an edge was detected. It fails when the chip is removed, or when
	// Close is called.
	Read(event []byte) (int, error)
	Close() error
}

// system is the real System.
type system struct{}

// Chips omits symbolic links: kernels for the Pi 5 have one for the chip's former number.
func (system) Chips() ([]string, error) {
	paths, err := filepath.Glob(device + "gpiochip*")
	return slices.DeleteFunc(paths, func(path string) bool {
		info, err := os.Lstat(path)
		return err != nil || info.Mode()&os.ModeSymlink != 0
	}), err
}

func (system) Open(path string) (Device, error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	return file{f}, nil
}

// Line makes the descriptor non-blocking, so that the runtime's poller waits for edges and
// Close ends a Read.
func (system) Line(descriptor int32) (Device, error) {
	if err := unix.SetNonblock(int(descriptor), true); err != nil {
		_ = unix.Close(int(descriptor))
		return nil, os.NewSyscallError("fcntl", err)
	}
	return file{os.NewFile(uintptr(descriptor), "GPIO line")}, nil
}

// file is the Device of an open file.
type file struct{ *os.File }

func (f file) Ioctl(request uintptr, argument unsafe.Pointer) error {
	conn, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var errno unix.Errno
	err = conn.Control(func(descriptor uintptr) {
		for errno = unix.EINTR; errno == unix.EINTR; {
			_, _, errno = unix.Syscall(unix.SYS_IOCTL, descriptor, request, uintptr(argument))
		}
	})
	if err == nil && errno != 0 {
		return errno
	}
	return err
}
