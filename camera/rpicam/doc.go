// Package rpicam streams pictures from a Raspberry Pi's camera module, on
// Unix. The nodes that the kernel has for a module give nothing of use by
// themselves: exposure, white balance and colours are the work of libcamera, a
// C++ library. So its program rpicam-vid (once libcamera-vid) is started, and
// the raw frames that it writes are read. Its options are described at
// https://www.raspberrypi.com/documentation/computers/camera_software.html,
// its source is https://github.com/raspberrypi/rpicam-apps.
//
// The stream has frames and nothing else: no times, no sizes, no strides.
//   - A frame's time is that of its arrival here, some tens of milliseconds
//     after it was taken.
//   - The picture processors write rows with padding, which nothing tells. Up
//     to the Raspberry Pi 4 a row of luma is padded to 64 bytes; on the 5 a row
//     of chroma is, so one of luma to 128. Only widths that are multiples of
//     128 are asked for, which have no padding on any: 640 and 1280, not 320.
//   - A size that the camera does not have is replaced in silence by another.
//     The program's log has the size, and is compared before the first frame is
//     handed out.
//
// The tests have no camera: a stand-in speaks the program's output.
package rpicam
