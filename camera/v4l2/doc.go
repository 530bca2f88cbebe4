// Package v4l2 streams pictures from a camera through Video4Linux, the kernel's
// interface to webcams and capture cards, on 64-bit Linux. It makes the system
// calls itself and needs no C library. Identifiers and comments carry the
// kernel's names, such as VIDIOC_DQBUF; they are described in "Video for Linux
// API", https://docs.kernel.org/userspace-api/media/v4l/v4l2.html.
//
// Open configures a device and starts streaming, List describes the video nodes
// of the system. The tests run against a fake driver, and against the kernel's
// driver vivid where HALFMEG_VIDEO names one of its nodes.
package v4l2
