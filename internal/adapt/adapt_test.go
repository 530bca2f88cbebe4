package adapt

import (
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/camera"
	"halfmeg/camera/pixel"
	"halfmeg/model/prep"
)

// TestFrame: every layout that cameras and networks share keeps its
// planes, matrix and range on the way from the one to the other.
func TestFrame(t *testing.T) {
	for code, format := range layouts {
		f := camera.Frame{Format: pixel.Format{Pixels: code, Width: 6, Height: 4, Stride: 24, Matrix: pixel.BT709, Range: pixel.Full}}
		f.Data = make([]byte, f.Size())
		p, err := Frame(&f)
		require.NoError(t, err, code)
		require.NoError(t, p.Validate(), code)
		require.Equal(t, format, p.Format)
		require.Equal(t, []int{6, 4, 24}, []int{p.Width, p.Height, p.Stride})
		require.Equal(t, prep.BT709, p.Matrix)
		require.Equal(t, prep.Full, p.Range)
		planes := f.Planes()
		for i, chroma := range p.Chroma {
			require.Equal(t, planes[i+1].Stride, chroma.Stride, "%v, plane %d", code, i+1)
			if planes[i+1].Rows > 0 {
				require.Same(t, &f.Data[planes[i+1].Offset], &chroma.Data[0], "%v, plane %d", code, i+1)
			}
		}
		f.Data = f.Data[:f.Size()-1]
		p, err = Frame(&f)
		require.NoError(t, err)
		require.Error(t, p.Validate(), "%v: a byte is missing", code)
	}
	limited, err := Frame(&camera.Frame{Format: pixel.Format{Pixels: pixel.YUYV, Range: pixel.Limited}})
	require.NoError(t, err)
	require.Equal(t, prep.Limited, limited.Range)
	_, err = Frame(&camera.Frame{Format: pixel.Format{Pixels: pixel.MJPEG}})
	require.ErrorContains(t, err, "MJPG")
}
