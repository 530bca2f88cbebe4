package picture

import (
	"bytes"
	"encoding/binary"
	"image"
	"io"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

// claiming is a JPEG of 8x8 pixels whose header says another size.
func claiming(t *testing.T, width, height int) []byte {
	t.Helper()
	file := grey(8, 8, 1).file()
	at := bytes.Index(file, []byte{0xff, markerSOF0})
	require.Positive(t, at)
	binary.BigEndian.PutUint16(file[at+5:], uint16(height))
	binary.BigEndian.PutUint16(file[at+7:], uint16(width))
	return file
}

// requireLittleMemory proves that f takes less than a megabyte.
func requireLittleMemory(t *testing.T, f func()) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(1<<20))
}

func TestSizesThatTheBytesCannotHold(t *testing.T) {
	file := claiming(t, 4000, 4000)
	// A byte of garbage between segments, which the decoder passes over, hides nothing.
	garbage := append([]byte{0xff, 0xd8, 0}, file[2:]...)
	for name, file := range map[string][]byte{"plain": file, "with garbage": garbage} {
		for what, decode := range map[string]func() error{
			"FrameSize":   func() error { _, _, err := FrameSize(file); return err },
			"DecodeFrame": func() error { _, err := DecodeFrame(nil, file, 4000, 4000); return err },
			"Decode":      func() error { _, err := Decode(bytes.NewReader(file)); return err },
		} {
			requireLittleMemory(t, func() {
				err := decode()
				require.ErrorContains(t, err, "bytes cannot hold 4000x4000 pixels", "%s, %s", name, what)
				require.ErrorIs(t, err, io.ErrUnexpectedEOF)
			})
		}
	}
}

func TestBMPThatItsBytesCannotHold(t *testing.T) {
	file := bmpFile(t, image.NewGray(image.Rect(0, 0, 8, 8)))
	binary.LittleEndian.PutUint32(file[18:], 4000) // width, then height
	binary.LittleEndian.PutUint32(file[22:], 4000)
	requireLittleMemory(t, func() {
		_, err := Decode(bytes.NewReader(file))
		require.ErrorContains(t, err, "bytes cannot hold 4000x4000 pixels")
	})
}

func TestFewestBytesOfAPicture(t *testing.T) {
	spec := grey(512, 512, 128)
	spec.frame = 0xc2 // progressive, with first coefficients alone
	img, err := Decode(bytes.NewReader(spec.file()))
	require.NoError(t, err)
	require.Len(t, img.Pix, 3*512*512)
}

func TestStreamsHaveALowerLimit(t *testing.T) {
	file := append(claiming(t, 8192, 2049), make([]byte, 1<<20)...)
	requireLittleMemory(t, func() {
		const words = "8192x2049 pixels is beyond the limit of 16 megapixels"
		_, _, err := FrameSize(file)
		require.ErrorContains(t, err, words)
		_, err = DecodeFrame(nil, file, 8192, 2049)
		require.ErrorContains(t, err, words)
	})
	_, err := DecodeStream(bytes.NewReader(file))
	require.ErrorContains(t, err, "limit of 16 megapixels")
	_, _, err = FrameSize(append(claiming(t, 4656, 3496), make([]byte, 1<<20)...)) // of a camera of 16 megapixels
	require.NoError(t, err)
}
