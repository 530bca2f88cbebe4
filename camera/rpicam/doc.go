// Package rpicam streams pictures from a Raspberry Pi's camera module, on Unix.
//
// The kernel's video nodes of a camera module deliver raw sensor data only:
// exposure, white balance and colour conversion are the work of libcamera, a C++
// library. So this package runs libcamera's program rpicam-vid (libcamera-vid in
// older systems) and reads the raw frames that it writes to a pipe. Its options
// are described at
// https://www.raspberrypi.com/documentation/computers/camera_software.html, its
// source is at https://github.com/raspberrypi/rpicam-apps.
//
// The output contains frames and nothing else: no timestamps, sizes or strides.
//   - A frame's time is that of its arrival, tens of milliseconds after
//     capture.
//   - The image signal processors pad rows, and the output does not say how. Up
//     to the Raspberry Pi 4 the stride of luma is a multiple of 64 bytes; on the
//     Raspberry Pi 5 that of chroma is, so that of luma is a multiple of 128. Only
//     widths that are multiples of 128 are requested, which need no padding on
//     any model: 640 and 1280, not 320.
//   - A size that the camera does not support is replaced by another without an
//     error. The program's log contains the size, which is checked before the
//     first frame is returned.
//
// The tests need no camera: the test program poses as rpicam-vid.
package rpicam
