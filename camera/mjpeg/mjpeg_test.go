package mjpeg

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/camera/internal/jpegsegment"
	"halfmeg/camera/picture"
)

// file is a JPEG of a picture with some detail, by Go's encoder, which uses
// the tables of Annex K and puts them into one segment.
func file(t testing.TB, width, height int) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			img.Set(x, y, color.RGBA{byte(x * 7), byte(y * 5), byte(x * y), 255})
		}
	}
	var b bytes.Buffer
	require.NoError(t, jpeg.Encode(&b, img, nil))
	return b.Bytes()
}

// bare is the file without its Huffman tables.
func bare(t testing.TB, file []byte) []byte {
	t.Helper()
	at := bytes.Index(file, []byte{0xff, jpegsegment.DHT})
	require.Positive(t, at)
	length := 2 + int(file[at+2])<<8 + int(file[at+3])
	return append(bytes.Clone(file[:at]), file[at+length:]...)
}

func TestFrames(t *testing.T) {
	whole := file(t, 50, 34)
	want, err := picture.Decode(bytes.NewReader(whole))
	require.NoError(t, err)
	d := NewDecoder(50, 34)
	for name, frame := range map[string][]byte{
		"whole":                       whole,
		"without tables":              bare(t, whole),
		"with fill bytes":             append([]byte{0xff, 0xd8, 0xff, 0xff}, bare(t, whole)[2:]...),
		"and what is left of another": append(bytes.Clone(bare(t, whole)), whole...),
	} {
		pix, err := d.Decode(frame)
		require.NoError(t, err, name)
		require.Equal(t, want.Pix, pix, name)
	}
}

func TestBrokenFrames(t *testing.T) {
	whole := file(t, 50, 34)
	d := NewDecoder(50, 34)
	for words, frame := range map[string][]byte{
		"unexpected EOF":                    {},
		"cut short":                         bare(t, whole)[:len(whole)-600],
		"64x34 pixels in a stream of 50x34": file(t, 64, 34),
	} {
		_, err := d.Decode(frame)
		require.ErrorContains(t, err, words)
	}
	_, err := d.Decode(whole) // the next is not affected
	require.NoError(t, err)
}

// A header takes no memory: what it says may be false.
func TestMemoryIsTakenForWholeFramesAlone(t *testing.T) {
	const side = 4000
	frame := file(t, 8, 8)
	at := bytes.Index(frame, []byte{0xff, 0xc0}) // start of frame; precision, height and width follow its length
	copy(frame[at+5:], []byte{side >> 8, side & 0xff, side >> 8, side & 0xff})
	before := allocated()
	d := NewDecoder(side, side)
	_, err := d.Decode(frame)
	require.ErrorContains(t, err, "cannot hold 4000x4000 pixels")
	require.Less(t, allocated()-before, uint64(1<<20))
	require.Nil(t, d.pix)
}

// allocated is how many bytes have ever been taken.
func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

func TestGarbageIsLessThanAFrame(t *testing.T) {
	const frames = 20
	frame := bare(t, file(t, 640, 480))
	d := NewDecoder(640, 480)
	_, err := d.Decode(frame)
	require.NoError(t, err)
	before := allocated()
	for range frames {
		_, err := d.Decode(frame)
		require.NoError(t, err)
	}
	require.Less(t, (allocated()-before)/frames, uint64(3*640*480))
}

// FuzzDecode: whatever the bytes, an error or a whole frame, and no panic.
func FuzzDecode(f *testing.F) {
	f.Add(file(f, 17, 9))
	f.Add(bare(f, file(f, 17, 9)))
	f.Add([]byte{0xff, 0xd8, 0xff, jpegsegment.SOS})
	d := NewDecoder(17, 9)
	f.Fuzz(func(t *testing.T, frame []byte) {
		if pix, err := d.Decode(frame); err == nil {
			require.Len(t, pix, 3*17*9)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	frame := bare(b, file(b, 640, 480))
	d := NewDecoder(640, 480)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := d.Decode(frame); err != nil {
			b.Fatal(err)
		}
	}
}
