// Package v4l2 streams pictures from a camera through Video4Linux, the
// kernel's interface to webcams and capture cards, on 64-bit Linux. It speaks
// to the kernel itself, without a C library. The kernel's documentation of
// the interface is "Video for Linux API" at
// https://docs.kernel.org/userspace-api/media/v4l/v4l2.html.
package v4l2
