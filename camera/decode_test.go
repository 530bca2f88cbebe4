package camera

import (
	"bytes"
	"context"
	"image"
	"image/jpeg"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"halfmeg/camera/pixel"
)

// webcam sends JPEGs, some of them broken.
type webcam struct {
	frame  Frame
	whole  []byte
	broken []byte // the first bytes of whole if nil
	every  uint64 // one frame in this many is complete; 0: none
}

func (w *webcam) Next(context.Context) (*Frame, error) {
	w.frame.Sequence++
	w.frame.Data = w.whole
	if w.every == 0 || w.frame.Sequence%w.every != 0 {
		w.frame.Data = w.broken
		if w.broken == nil {
			w.frame.Data = w.whole[:100]
		}
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
		grey.Pix[i] = 128 // JPEG reproduces this value exactly
	}
	require.NoError(t, jpeg.Encode(&file, grey, nil))
	return &webcam{
		frame: Frame{Format: Format{FourCC: pixel.MJPEG, Width: 32, Height: 16}},
		whole: file.Bytes(), every: every,
	}
}

func TestJPEGsAreDecoded(t *testing.T) {
	w := newWebcam(t, 3)
	s := decodeJPEG(w, 0)
	require.Equal(t, w.Format(), s.Format())
	want := Format{FourCC: pixel.GREY, Width: 32, Height: 16, Stride: 32}
	for n := range uint64(4) { // broken ones leave gaps
		f, err := s.Next(t.Context())
		require.NoError(t, err)
		require.Equal(t, want, f.Format)
		require.Equal(t, 3*(n+1), f.Sequence)
		require.Equal(t, bytes.Repeat([]byte{128}, 32*16), f.Data)
		require.Equal(t, w.whole, f.JPEG)
	}
}

// TestJPEGsAreScaled: frames have at least MinSide pixels on either side. The JPEG stays as it is.
func TestJPEGsAreScaled(t *testing.T) {
	for minSide, want := range map[int][2]int{0: {32, 16}, 9: {32, 16}, 8: {16, 8}, 5: {16, 8}, 4: {8, 4}, 1: {4, 2}} {
		w := newWebcam(t, 1)
		f, err := decodeJPEG(w, minSide).Next(t.Context())
		require.NoError(t, err)
		require.Equal(t, want, [2]int{f.Width, f.Height}, minSide)
		require.Equal(t, w.whole, f.JPEG)
		img := f.Pixels()
		require.NoError(t, img.Validate())
	}
}

// TestStaleBytesAreCut: a frame without the end marker ends where a stale JPEG in the
// driver's buffer starts.
func TestStaleBytesAreCut(t *testing.T) {
	w := newWebcam(t, 1)
	body := bytes.Clone(w.whole[:len(w.whole)-2])
	w.whole = append(bytes.Clone(body), w.whole...)
	f, err := decodeJPEG(w, 0).Next(t.Context())
	require.NoError(t, err)
	require.Equal(t, body, f.JPEG)
}

// TestBrokenOffJPEGIsDropped: a frame that continues with zeros of the driver's buffer
// does not end a run.
func TestBrokenOffJPEGIsDropped(t *testing.T) {
	w := newWebcam(t, 2)
	textured := image.NewGray(image.Rect(0, 0, 320, 240))
	for i := range textured.Pix {
		textured.Pix[i] = byte(i % 320 * (i / 320))
	}
	var file bytes.Buffer
	require.NoError(t, jpeg.Encode(&file, textured, nil))
	w.whole = file.Bytes()
	w.broken = append(bytes.Clone(w.whole[:len(w.whole)/2]), make([]byte, len(w.whole))...)
	s := decodeJPEG(w, 0)
	for n := range uint64(3) {
		f, err := s.Next(t.Context())
		require.NoError(t, err)
		require.Equal(t, 2*(n+1), f.Sequence)
		require.Equal(t, w.whole, f.JPEG)
	}
}

func TestManyBrokenJPEGsAreAnError(t *testing.T) {
	_, err := decodeJPEG(newWebcam(t, 0), 0).Next(t.Context())
	require.ErrorContains(t, err, "30 consecutive frames are broken: the JPEG is truncated")
}

// TestSizesOfJPEGsChange has a source that promises another size than it sends.
func TestSizesOfJPEGsChange(t *testing.T) {
	w := newWebcam(t, 1)
	w.frame.Format, w.frame.Time = Format{FourCC: pixel.MJPEG, Width: 64, Height: 48}, time.Now()
	s := decodeJPEG(w, 0)
	require.Equal(t, w.frame.Format, s.Format())
	for _, width := range []int{32, 16, 40} {
		w.whole = []byte(jpegFile(t, width))
		f := requireNext(t, s, int(w.frame.Sequence)+1, "")
		require.Equal(t, pixel.GREY, f.FourCC)
		require.Equal(t, [2]int{width, 8}, [2]int{f.Width, f.Height})
		require.Equal(t, f.Format, s.Format())
	}
}

func TestRawFramesAreNotDecoded(t *testing.T) {
	raw := &testCardSource{}
	require.Same(t, raw, decodeJPEG(raw, 0))
}
