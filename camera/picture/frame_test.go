package picture

import (
	"bytes"
	"encoding/binary"
	"image"
	"io"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/camera/internal/jpegsegment"
)

// claiming returns a JPEG of 8x8 pixels whose header claims another size.
func claiming(t *testing.T, width, height int) []byte {
	t.Helper()
	file := grey(8, 8, 1).file()
	at := bytes.Index(file, []byte{0xff, jpegsegment.SOF0})
	require.Positive(t, at)
	binary.BigEndian.PutUint16(file[at+5:], uint16(height))
	binary.BigEndian.PutUint16(file[at+7:], uint16(width))
	return file
}

// requireLittleMemory checks that f allocates less than 1 MiB.
func requireLittleMemory(t *testing.T, f func()) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(1<<20))
}

func TestSizeExceedsDensity(t *testing.T) {
	file := claiming(t, 4000, 4000)
	// image/jpeg skips garbage between segments, which ends our segment walk.
	garbage := append([]byte{0xff, 0xd8, 0}, file[2:]...)
	for name, file := range map[string][]byte{"plain": file, "with garbage": garbage} {
		for what, decode := range map[string]func() error{
			"FrameSize":   func() error { _, _, err := FrameSize(file); return err },
			"DecodeFrame": func() error { _, err := DecodeFrame(nil, file, false); return err },
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

func TestBMPSizeExceedsDensity(t *testing.T) {
	file := bmpFile(t, image.NewGray(image.Rect(0, 0, 8, 8)))
	binary.LittleEndian.PutUint32(file[18:], 4000) // width, then height
	binary.LittleEndian.PutUint32(file[22:], 4000)
	requireLittleMemory(t, func() {
		_, err := Decode(bytes.NewReader(file))
		require.ErrorContains(t, err, "bytes cannot hold 4000x4000 pixels")
	})
}

func TestHighestDensity(t *testing.T) {
	spec := grey(512, 512, 128)
	spec.frame = 0xc2 // progressive, with DC coefficients only
	img, err := Decode(bytes.NewReader(spec.file()))
	require.NoError(t, err)
	require.Len(t, img.Pix, 3*512*512)
}

func TestStreamLimit(t *testing.T) {
	file := append(claiming(t, 8192, 2049), make([]byte, 1<<20)...)
	requireLittleMemory(t, func() {
		const words = "8192x2049 pixels exceeds the limit of 16 megapixels"
		_, _, err := FrameSize(file)
		require.ErrorContains(t, err, words)
		_, err = DecodeFrame(nil, file, false)
		require.ErrorContains(t, err, words)
	})
	_, err := DecodeStream(bytes.NewReader(file))
	require.ErrorContains(t, err, "limit of 16 megapixels")
	_, _, err = FrameSize(append(claiming(t, 4656, 3496), make([]byte, 1<<20)...)) // of a 16 megapixel camera
	require.NoError(t, err)
}

func TestFrameOrientation(t *testing.T) {
	spec := grey(16, 8, 10, 200)
	spec.exif = exif(binary.BigEndian, uint16(rotate90))
	stored, err := DecodeFrame(nil, spec.file(), false)
	require.NoError(t, err)
	require.Equal(t, [2]int{16, 8}, [2]int{stored.Width, stored.Height})
	upright, err := DecodeFrame(nil, spec.file(), true)
	require.NoError(t, err)
	require.Equal(t, [2]int{8, 16}, [2]int{upright.Width, upright.Height})
	recorded, err := DecodeRecorded(nil, spec.file())
	require.NoError(t, err)
	require.Equal(t, upright, recorded)
}
