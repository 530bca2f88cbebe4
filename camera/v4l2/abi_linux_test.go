//go:build amd64 || arm64

package v4l2

import (
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
)

// TestRequests compares the request numbers, each of which contains the size of
// its structure, with those that a C compiler makes of the kernel's header on
// amd64 and arm64.
func TestRequests(t *testing.T) {
	for name, c := range map[string]struct{ got, want uintptr }{
		"VIDIOC_QUERYCAP":            {vidiocQuerycap, 0x80685600},
		"VIDIOC_ENUM_FMT":            {vidiocEnumFmt, 0xc0405602},
		"VIDIOC_S_FMT":               {vidiocSFmt, 0xc0d05605},
		"VIDIOC_REQBUFS":             {vidiocReqbufs, 0xc0145608},
		"VIDIOC_QUERYBUF":            {vidiocQuerybuf, 0xc0585609},
		"VIDIOC_QBUF":                {vidiocQbuf, 0xc058560f},
		"VIDIOC_DQBUF":               {vidiocDqbuf, 0xc0585611},
		"VIDIOC_STREAMON":            {vidiocStreamon, 0x40045612},
		"VIDIOC_STREAMOFF":           {vidiocStreamoff, 0x40045613},
		"VIDIOC_G_PARM":              {vidiocGParm, 0xc0cc5615},
		"VIDIOC_S_PARM":              {vidiocSParm, 0xc0cc5616},
		"VIDIOC_S_CTRL":              {vidiocSCtrl, 0xc008561c},
		"VIDIOC_QUERYCTRL":           {vidiocQueryctrl, 0xc0445624},
		"VIDIOC_QUERYMENU":           {vidiocQuerymenu, 0xc02c5625},
		"VIDIOC_ENUM_FRAMESIZES":     {vidiocEnumFramesizes, 0xc02c564a},
		"VIDIOC_ENUM_FRAMEINTERVALS": {vidiocEnumFrameintervals, 0xc034564b},
	} {
		require.Equal(t, c.want, c.got, "%s: %#x, not %#x", name, c.got, c.want)
	}
}

// TestLayouts compares sizes and offsets with those of a C compiler.
func TestLayouts(t *testing.T) {
	for name, c := range map[string]struct{ got, want uintptr }{
		"v4l2_format":                       {unsafe.Sizeof(formatSingle{}), 208},
		"v4l2_format, multi-planar":         {unsafe.Sizeof(formatMPlane{}), 208},
		"v4l2_format.fmt":                   {unsafe.Offsetof(formatSingle{}.pix), 8},
		"v4l2_pix_format":                   {unsafe.Sizeof(pixFormat{}), 48},
		"v4l2_plane_pix_format":             {unsafe.Sizeof(planeFormat{}), 20},
		"v4l2_pix_format_mplane":            {unsafe.Sizeof(pixFormatMPlane{}), 192},
		"v4l2_pix_format_mplane.num_planes": {unsafe.Offsetof(pixFormatMPlane{}.numPlanes), 180},
		"v4l2_pix_format_mplane.ycbcr_enc":  {unsafe.Offsetof(pixFormatMPlane{}.ycbcrEnc), 182},
		"v4l2_buffer.timestamp":             {unsafe.Offsetof(buffer{}.seconds), 24},
		"v4l2_buffer.sequence":              {unsafe.Offsetof(buffer{}.sequence), 56},
		"v4l2_buffer.m":                     {unsafe.Offsetof(buffer{}.m), 64},
		"v4l2_buffer.length":                {unsafe.Offsetof(buffer{}.length), 72},
		"v4l2_plane":                        {unsafe.Sizeof(plane{}), 64},
		"v4l2_plane.m":                      {unsafe.Offsetof(plane{}.m), 8},
		"v4l2_plane.data_offset":            {unsafe.Offsetof(plane{}.dataOffset), 16},
	} {
		require.Equal(t, c.want, c.got, name)
	}
}
