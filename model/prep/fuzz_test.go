package prep

import (
	"slices"
	"testing"

	"halfmeg/camera/pixel"
	"halfmeg/model"

	"github.com/stretchr/testify/require"
)

// FuzzImage checks that a picture is an error exactly if Validate says so, that only
// its planes are read, and that padding between rows does not matter.
func FuzzImage(f *testing.F) {
	for n := range allFormats {
		f.Add(uint8(n), int16(17), int16(9), int32(60), int32(20), int32(20), uint16(600), uint16(100), uint16(100), uint16(90))
	}
	f.Add(uint8(4), int16(40), int16(30), int32(40), int32(40), int32(0), uint16(1200), uint16(600), uint16(0), uint16(0))
	f.Add(uint8(6), int16(7), int16(5), int32(7), int32(4), int32(4), uint16(35), uint16(12), uint16(11), uint16(0))
	in := rule(model.Crop, 20, 16, model.BGR)
	p, err := NewPreprocessor(in)
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, format uint8, width, height int16, stride, strideU, strideV int32, bytes, bytesU, bytesV, rotate uint16) {
		buffer := func(n uint16) []byte {
			data := make([]byte, n)
			for i := range data {
				data[i] = byte(i * 37)
			}
			return slices.Clip(data)
		}
		src := pixel.Image{
			Width: int(width), Height: int(height), Rotate: int(rotate), Mirror: bytes%2 == 1,
			Planes: [3]pixel.Plane{{Data: buffer(bytes), Stride: int(stride)}, {Data: buffer(bytesU), Stride: int(strideU)}, {Data: buffer(bytesV), Stride: int(strideV)}},
		}
		if int(format) < len(allFormats) {
			src.FourCC = allFormats[format]
		}
		dst := make([]int8, 3*in.Size*in.Size)
		err := p.Run(dst, src)
		require.Equal(t, src.Validate() == nil, err == nil)
		if err != nil {
			return
		}
		again := slices.Clone(dst)
		invertPadding(src)
		require.NoError(t, p.Run(again, src))
		require.Equal(t, dst, again)
	})
}

// invertPadding inverts every byte that is not part of a sample.
func invertPadding(p pixel.Image) {
	layouts := pixel.Format{FourCC: p.FourCC, Width: p.Width, Height: p.Height}.Planes()
	for i, plane := range p.Planes {
		for at := range plane.Data {
			if layouts[i].RowBytes == 0 || at%plane.Stride >= layouts[i].RowBytes {
				plane.Data[at] ^= 0xFF
			}
		}
	}
}
