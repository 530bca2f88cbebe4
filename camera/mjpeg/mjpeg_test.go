package mjpeg

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"runtime"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/camera/baseline"
	"halfmeg/camera/internal/jpegsegment"
	"halfmeg/camera/picture"
	"halfmeg/camera/pixel"
	"halfmeg/internal/testjpeg"
)

// encode returns a JPEG of a picture with some detail. Go's encoder uses the
// typical tables, and writes them as one segment DHT.
func encode(t testing.TB, width, height int) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			img.Set(x, y, color.RGBA{byte(x * 7), byte(y * 5), byte(x * y), 255})
		}
	}
	var file bytes.Buffer
	require.NoError(t, jpeg.Encode(&file, img, nil))
	return file.Bytes()
}

// removeTables returns the file without its Huffman tables.
func removeTables(t testing.TB, file []byte) []byte {
	t.Helper()
	start := bytes.Index(file, []byte{0xff, jpegsegment.DHT})
	require.Positive(t, start)
	length := 2 + int(file[start+2])<<8 + int(file[start+3]) // of marker and segment
	return append(bytes.Clone(file[:start]), file[start+length:]...)
}

func TestFrames(t *testing.T) {
	file := encode(t, 50, 34)
	var reference, d Decoder
	want, err := reference.Decode(file)
	require.NoError(t, err)
	require.Equal(t, pixel.YU12, want.FourCC)
	for name, frame := range map[string][]byte{
		"file":               file,
		"without tables":     removeTables(t, file),
		"with fill bytes":    append([]byte{0xff, 0xd8, 0xff, 0xff}, removeTables(t, file)[2:]...),
		"with stale padding": append(bytes.Clone(removeTables(t, file)), file...),
		"with bytes before":  append([]byte{0, 0, 0xff}, file...),
		"stale, no end":      append(bytes.Clone(file[:len(file)-2]), file...),
		"without end":        file[:len(file)-2],
		"with neither":       removeTables(t, file)[:len(removeTables(t, file))-2],
		"zeros at its end":   append(bytes.Clone(file[:len(file)-2]), make([]byte, 50)...),
	} {
		img, err := d.Decode(frame)
		require.NoError(t, err, name)
		require.Equal(t, want.Format, img.Format, name)
		require.Equal(t, want.Data, img.Data, name)
	}
}

// TestUncommonFrames: what package baseline does not decode is RGB, as package picture
// decodes it.
func TestUncommonFrames(t *testing.T) {
	file := testjpeg.Encode(testjpeg.Config{Width: 50, Height: 34, H: 1, V: 2, Quality: 75}, func(x, y int) [3]float64 { // 4:4:0
		return [3]float64{float64(5 * x % 256), float64(7 * y % 256), float64(x * y % 256)}
	})
	want, err := picture.Decode(bytes.NewReader(file))
	require.NoError(t, err)
	for _, minSide := range []int{0, 10} {
		d := Decoder{MinSide: minSide}
		img, err := d.Decode(file)
		require.NoError(t, err)
		require.Equal(t, Picture{pixel.Format{FourCC: pixel.RGB24, Width: 50, Height: 34, Stride: 150}, want.Pix, file}, img)
	}
}

// TestUpright turns a picture by its Exif orientation, if requested.
func TestUpright(t *testing.T) {
	file := encode(t, 50, 34)
	exif := "\xff\xe1\x00\x22Exif\x00\x00II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00\x06\x00\x00\x00\x00\x00\x00\x00"
	turned := slices.Insert(file, 2, []byte(exif)...)
	for upright, want := range map[bool][2]int{false: {50, 34}, true: {34, 50}} {
		d := Decoder{Upright: upright}
		img, err := d.Decode(turned)
		require.NoError(t, err)
		require.Equal(t, want, [2]int{img.Width, img.Height})
	}
}

// Each frame has its own size; one that is not larger than another one before
// takes no memory for its pixels.
func TestSizesChange(t *testing.T) {
	var d Decoder
	var pixels *byte
	for _, size := range [][2]int{{64, 34}, {50, 34}, {20, 60}, {64, 34}} {
		img, err := d.Decode(encode(t, size[0], size[1]))
		require.NoError(t, err)
		require.Equal(t, size[0], img.Width)
		require.Equal(t, size[1], img.Height)
		require.GreaterOrEqual(t, len(img.Data), img.Size())
		if pixels == nil {
			pixels = &img.Data[0]
		}
		require.Same(t, pixels, &img.Data[0])
	}
}

func TestBrokenFrames(t *testing.T) {
	file := encode(t, 50, 34)
	var d Decoder
	for want, frame := range map[string][]byte{
		"unexpected EOF": {},
		"truncated":      removeTables(t, file)[:len(file)-600],
	} {
		_, err := d.Decode(frame)
		require.ErrorContains(t, err, want)
	}
	_, err := d.Decode(file) // the next frame is not affected
	require.NoError(t, err)
}

// TestBrokenOff: image/jpeg decodes half a picture of zeros, so it does not get the frame.
func TestBrokenOff(t *testing.T) {
	file := encode(t, 320, 240)
	half := append(bytes.Clone(file[:len(file)/2]), make([]byte, 40_000)...)
	_, err := jpeg.Decode(bytes.NewReader(append(bytes.Clone(half), 0xff, jpegsegment.EOI)))
	require.NoError(t, err)
	for _, frame := range [][]byte{half, append(bytes.Clone(half), 0xff, jpegsegment.EOI)} {
		var d Decoder
		_, err := d.Decode(frame)
		require.ErrorIs(t, err, baseline.ErrDamaged)
		require.ErrorContains(t, err, "the JPEG is truncated")
		require.Nil(t, d.rgb)
	}
}

// TestHeaderAloneAllocatesNoFrame checks that memory for a frame is allocated only
// when its data exist: the size in the header may be wrong.
func TestHeaderAloneAllocatesNoFrame(t *testing.T) {
	const side = 4000
	frame := encode(t, 8, 8)
	sof := bytes.Index(frame, []byte{0xff, 0xc0}) // then length (2 bytes), precision (1), height (2), width (2)
	copy(frame[sof+5:], []byte{side >> 8, side & 0xff, side >> 8, side & 0xff})
	before := allocated()
	var d Decoder
	_, err := d.Decode(frame)
	require.ErrorContains(t, err, "cannot hold 4000x4000 pixels")
	require.Less(t, allocated()-before, uint64(1<<20))
	require.Nil(t, d.rgb)
}

// allocated returns how many bytes the process has allocated so far.
func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

func TestSteadyStateAllocatesNothing(t *testing.T) {
	frame := removeTables(t, encode(t, 640, 480))
	for _, d := range []Decoder{{}, {MinSide: 227}, {Upright: true}} {
		require.Zero(t, testing.AllocsPerRun(3, func() {
			_, err := d.Decode(frame)
			require.NoError(t, err)
		}))
	}
}

// FuzzDecode checks that any input is an error or a complete frame.
func FuzzDecode(f *testing.F) {
	f.Add(encode(f, 17, 9))
	f.Add(removeTables(f, encode(f, 17, 9)))
	f.Add([]byte{0xff, 0xd8, 0xff, jpegsegment.SOS})
	var d Decoder
	f.Fuzz(func(t *testing.T, frame []byte) {
		if img, err := d.Decode(frame); err == nil {
			require.Positive(t, img.Width)
			pixels := img.Image(img.Data)
			require.NoError(t, pixels.Validate())
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	frame := removeTables(b, encode(b, 640, 480))
	var d Decoder
	b.ReportAllocs()
	for b.Loop() {
		if _, err := d.Decode(frame); err != nil {
			b.Fatal(err)
		}
	}
}
