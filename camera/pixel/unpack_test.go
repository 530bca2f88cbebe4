package pixel

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"
)

// words are little-endian, with padding after the second.
func words(v ...uint16) []byte {
	var data []byte
	for i, w := range v {
		data = binary.LittleEndian.AppendUint16(data, w)
		if i == 1 {
			data = append(data, 0xee, 0xee)
		}
	}
	return data
}

func TestUnpack(t *testing.T) {
	for _, c := range []struct {
		code FourCC
		data []byte
		to   FourCC
		want []byte
	}{
		{RGB565, words(0xffff, 0x0000, 0xf800, 0x07e0), RGB24, []byte{255, 255, 255, 0, 0, 0, 255, 0, 0, 0, 255, 0}},
		{RGB565, words(0x001f, 0x8410, 1, 0x20), RGB24, []byte{0, 0, 255, 132, 130, 132, 0, 0, 8, 0, 4, 0}},
		{Y16, words(0xffff, 0x00ff, 0x8000, 0x7fff), GREY, []byte{255, 0, 128, 127}},
		{Y10, words(1023, 3, 512, 0xffff), GREY, []byte{255, 0, 128, 255}},
	} {
		f := Format{FourCC: c.code, Width: 2, Height: 2, Stride: 6, Range: Limited}
		require.Equal(t, c.to, f.Unpacked().FourCC)
		require.Equal(t, Limited, f.Unpacked().Range)
		require.Equal(t, f.Unpacked().MinStride(), f.Unpacked().Stride)
		got, err := f.Unpack(nil, c.data)
		require.NoError(t, err)
		require.Equal(t, c.want, got)
		require.Zero(t, testing.AllocsPerRun(10, func() { got, err = f.Unpack(got, c.data) }))
		_, err = f.Unpack(nil, c.data[:9])
		require.ErrorContains(t, err, "has 9 bytes: it needs 10")
		img := f.Image(c.data)
		require.ErrorContains(t, img.Validate(), "unsupported pixel format")
	}
	yuyv := Format{FourCC: YUYV, Width: 2, Height: 2, Stride: 4}
	require.Equal(t, yuyv, yuyv.Unpacked())
	_, err := yuyv.Unpack(nil, nil)
	require.Error(t, err)
}
