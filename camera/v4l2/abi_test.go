//go:build linux && (amd64 || arm64)

package v4l2

import (
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
)

// TestRequests holds the numbers to those that a C compiler gives for the
// kernel's header on amd64 and arm64. Each has the size of its structure in
// it.
func TestRequests(t *testing.T) {
	for name, c := range map[string]struct{ got, want uintptr }{
		"VIDIOC_QUERYCAP":            {queryCapability, 0x80685600},
		"VIDIOC_ENUM_FMT":            {enumFormats, 0xc0405602},
		"VIDIOC_S_FMT":               {setFormat, 0xc0d05605},
		"VIDIOC_REQBUFS":             {requestBuffer, 0xc0145608},
		"VIDIOC_QUERYBUF":            {queryBuffer, 0xc0585609},
		"VIDIOC_QBUF":                {queueBuffer, 0xc058560f},
		"VIDIOC_DQBUF":               {dequeueBuffer, 0xc0585611},
		"VIDIOC_STREAMON":            {streamOn, 0x40045612},
		"VIDIOC_STREAMOFF":           {streamOff, 0x40045613},
		"VIDIOC_G_PARM":              {getParameters, 0xc0cc5615},
		"VIDIOC_S_PARM":              {setParameters, 0xc0cc5616},
		"VIDIOC_S_CTRL":              {setControl, 0xc008561c},
		"VIDIOC_QUERYCTRL":           {queryControl, 0xc0445624},
		"VIDIOC_QUERYMENU":           {queryMenu, 0xc02c5625},
		"VIDIOC_ENUM_FRAMESIZES":     {enumFrameSizes, 0xc02c564a},
		"VIDIOC_ENUM_FRAMEINTERVALS": {enumFrameIntervals, 0xc034564b},
	} {
		require.Equal(t, c.want, c.got, "%s: %#x, not %#x", name, c.got, c.want)
	}
}

// TestLayouts holds sizes and places to those that a C compiler gives.
func TestLayouts(t *testing.T) {
	for name, c := range map[string]struct{ got, want uintptr }{
		"v4l2_format":                       {unsafe.Sizeof(formatSingle{}), 208},
		"v4l2_format, multi-planar":         {unsafe.Sizeof(formatMPlane{}), 208},
		"v4l2_format.fmt":                   {unsafe.Offsetof(formatSingle{}.pix), 8},
		"v4l2_pix_format":                   {unsafe.Sizeof(pixFormat{}), 48},
		"v4l2_plane_pix_format":             {unsafe.Sizeof(planeFormat{}), 20},
		"v4l2_pix_format_mplane":            {unsafe.Sizeof(pixFormatMPlane{}), 192},
		"v4l2_pix_format_mplane.num_planes": {unsafe.Offsetof(pixFormatMPlane{}.planes), 180},
		"v4l2_pix_format_mplane.ycbcr_enc":  {unsafe.Offsetof(pixFormatMPlane{}.ycbcr), 182},
		"v4l2_buffer.timestamp":             {unsafe.Offsetof(buffer{}.seconds), 24},
		"v4l2_buffer.sequence":              {unsafe.Offsetof(buffer{}.sequence), 56},
		"v4l2_buffer.m":                     {unsafe.Offsetof(buffer{}.where), 64},
		"v4l2_buffer.length":                {unsafe.Offsetof(buffer{}.length), 72},
		"v4l2_plane":                        {unsafe.Sizeof(plane{}), 64},
		"v4l2_plane.m":                      {unsafe.Offsetof(plane{}.where), 8},
		"v4l2_plane.data_offset":            {unsafe.Offsetof(plane{}.dataOffset), 16},
	} {
		require.Equal(t, c.want, c.got, name)
	}
}
