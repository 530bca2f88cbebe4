package camera

import (
	"bytes"
	"context"
	"image"
	"image/jpeg"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/camera/pixel"
)

// webcam gives JPEGs, some of which are broken.
type webcam struct {
	frame Frame
	whole []byte
	every uint64 // the frames that are whole; 0: none
}

func (w *webcam) Next(context.Context) (*Frame, error) {
	w.frame.Sequence++
	w.frame.Data = w.whole
	if w.every == 0 || w.frame.Sequence%w.every != 0 {
		w.frame.Data = w.whole[:100]
	}
	return &w.frame, nil
}

func (w *webcam) Format() Format { return w.frame.Format }
func (w *webcam) Close() error   { return nil }

func newWebcam(t *testing.T, every uint64) *webcam {
	t.Helper()
	var file bytes.Buffer
	grey := image.NewGray(image.Rect(0, 0, 32, 16))
	for i := range grey.Pix {
		grey.Pix[i] = 128 // of all values the one that JPEG keeps for certain
	}
	require.NoError(t, jpeg.Encode(&file, grey, nil))
	return &webcam{
		frame: Frame{Format: Format{FourCC: pixel.MJPEG, Width: 32, Height: 16}},
		whole: file.Bytes(), every: every,
	}
}

func TestJPEGsAreDecoded(t *testing.T) {
	s := decode(newWebcam(t, 3))
	want := Format{FourCC: RGB24, Width: 32, Height: 16, Stride: 96}
	require.Equal(t, want, s.Format())
	for n := range uint64(4) { // the broken ones are gaps
		f, err := s.Next(t.Context())
		require.NoError(t, err)
		require.Equal(t, want, f.Format)
		require.Equal(t, 3*(n+1), f.Sequence)
		require.Equal(t, bytes.Repeat([]byte{128}, 3*32*16), f.Data)
	}
}

func TestOnlyBrokenJPEGsAreAnError(t *testing.T) {
	_, err := decode(newWebcam(t, 0)).Next(t.Context())
	require.ErrorContains(t, err, "30 frames in a row are broken: the JPEG is cut short")
}

func TestRawFramesAreLeftAlone(t *testing.T) {
	raw := &card{}
	require.Same(t, raw, decode(raw))
}
