package kerneltest

import (
	"os"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// GuardPages copies data between two pages that fault: to the end of the pages
// before the second guard page, or to the start right after the first.
func GuardPages[T any](t *testing.T, data []T, end bool) []T {
	page := os.Getpagesize()
	bytes := len(data) * int(unsafe.Sizeof(data[0]))
	size := (bytes + page - 1) / page * page
	mapped, err := unix.Mmap(-1, 0, size+2*page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, unix.Munmap(mapped)) })
	require.NoError(t, unix.Mprotect(mapped[:page], unix.PROT_NONE))
	require.NoError(t, unix.Mprotect(mapped[page+size:], unix.PROT_NONE))
	inside := mapped[page : page+size]
	if end {
		inside = inside[size-bytes:]
	}
	copied := unsafe.Slice((*T)(unsafe.Pointer(&inside[0])), len(data))
	copy(copied, data)
	return copied
}
