package baseline

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/jpeg"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/camera/internal/jpegsegment"
	"halfmeg/camera/pixel"
	"halfmeg/internal/testdata"
	"halfmeg/internal/testjpeg"
)

// scene is a picture with smooth areas, edges and fine texture.
func scene(x, y int) [3]float64 {
	fx, fy := float64(x), float64(y)
	luma := 128 + 70*math.Sin(fx/17)*math.Cos(fy/23) + 30*math.Sin(fx*fy/300)
	if (x/40+y/30)%3 == 0 {
		luma = 255 - luma
	}
	return [3]float64{
		min(max(luma, 0), 255), 128 + 60*math.Sin(fx/31+fy/41), 128 + 60*math.Cos(fx/29-fy/19),
	}
}

// samplings are kinds of subsampling.
var samplings = map[string]testjpeg.Config{
	"grey":               {Grey: true},
	"4:4:4":              {H: 1, V: 1},
	"4:2:2":              {H: 2, V: 1},
	"4:2:0":              {H: 2, V: 2},
	"4:2:2 in 2x2":       {H: 2, V: 2, ChromaH: 1, ChromaV: 2},
	"4:4:4 in 2x1":       {H: 2, V: 1, ChromaH: 2, ChromaV: 1},
	"4:2:2 with restart": {H: 2, V: 1, Restart: 3},
	"4:2:0 with restart": {H: 2, V: 2, Restart: 1},
	"grey with restart":  {Grey: true, Restart: 10},
	"4:2:2 no tables":    {H: 2, V: 1, NoTables: true},
}

// reference decodes with package image/jpeg and returns the planes.
func reference(t testing.TB, file []byte) (planes [3][]byte, strides [3]int, size image.Point) {
	t.Helper()
	img, err := jpeg.Decode(bytes.NewReader(file))
	require.NoError(t, err)
	switch m := img.(type) {
	case *image.Gray:
		return [3][]byte{m.Pix}, [3]int{m.Stride}, m.Rect.Size()
	case *image.YCbCr:
		return [3][]byte{m.Y, m.Cb, m.Cr}, [3]int{m.YStride, m.CStride, m.CStride}, m.Rect.Size()
	}
	require.Fail(t, "unexpected type", "%T", img)
	return planes, strides, size
}

// requireSame checks that a picture equals that of image/jpeg within one code value.
func requireSame(t testing.TB, file []byte, f pixel.Format, data []byte) {
	t.Helper()
	want, strides, size := reference(t, file)
	require.Equal(t, size, image.Pt(f.Width, f.Height))
	img := f.Image(data)
	require.NoError(t, img.Validate())
	for p, layout := range f.Planes() {
		for y := range layout.Rows {
			got, row := img.Planes[p].Data[y*layout.Stride:][:layout.RowBytes], want[p][y*strides[p]:]
			for x, v := range got {
				if d := int(v) - int(row[x]); d < -1 || d > 1 {
					require.Fail(t, "differs", "plane %d, column %d, row %d: %d instead of %d", p, x, y, v, row[x])
				}
			}
		}
	}
}

// withTables returns the file that package image/jpeg decodes.
func withTables(c testjpeg.Config, colour testjpeg.Colour) []byte {
	c.NoTables = false
	return testjpeg.Encode(c, colour)
}

func TestAgainstImageJPEG(t *testing.T) {
	for name, c := range samplings {
		var d Decoder
		for _, size := range [][2]int{{1, 1}, {8, 8}, {16, 16}, {17, 9}, {50, 34}, {64, 48}, {129, 70}, {7, 100}} {
			for _, quality := range []int{5, 75, 100} {
				c.Width, c.Height, c.Quality = size[0], size[1], quality
				file := testjpeg.Encode(c, scene)
				f, data, _, err := d.Decode(file)
				require.NoError(t, err, "%s %v %d", name, size, quality)
				requireSame(t, withTables(c, scene), f, data)
			}
		}
	}
}

// TestPhotographs compares with package image/jpeg on real pictures.
func TestPhotographs(t *testing.T) {
	dir := testdata.Path(t, "pictures")
	files, err := filepath.Glob(filepath.Join(dir, "*.jpg"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	var d Decoder
	decoded := 0
	for i := 0; i < len(files); i += 40 {
		file, err := os.ReadFile(files[i])
		require.NoError(t, err)
		if f, data, _, err := d.Decode(file); err == nil {
			requireSame(t, file, f, data)
			decoded++
		}
	}
	require.Greater(t, decoded, len(files)/40/2)
}

// TestScaled compares with the means of the samples of the full size: a scaled picture
// is close to them where it is smooth.
func TestScaled(t *testing.T) {
	smooth := func(x, y int) [3]float64 {
		fx, fy := float64(x), float64(y)
		return [3]float64{128 + 100*math.Sin(fx/50)*math.Cos(fy/60), 128 + 90*math.Sin(fx/40+fy/70), 128 + 90*math.Cos(fx/80)}
	}
	for name, c := range samplings {
		for _, size := range [][2]int{{128, 96}, {131, 97}, {9, 17}} {
			c.Width, c.Height, c.Quality = size[0], size[1], 95
			file := testjpeg.Encode(c, smooth)
			var whole Decoder
			full, fullData, _, err := whole.Decode(file)
			require.NoError(t, err)
			for _, divisor := range []int{2, 4, 8} {
				shortest := (min(size[0], size[1]) + divisor - 1) / divisor
				d := Decoder{MinSide: shortest}
				f, data, _, err := d.Decode(file)
				require.NoError(t, err)
				require.Equal(t, full.FourCC, f.FourCC)
				require.Equal(t, [2]int{(size[0] + divisor - 1) / divisor, (size[1] + divisor - 1) / divisor}, [2]int{f.Width, f.Height})
				img, fullImg := f.Image(data), full.Image(fullData)
				require.NoError(t, img.Validate())
				for p, layout := range f.Planes() {
					large := full.Planes()[p]
					for y := range large.Rows / divisor {
						for x := range large.RowBytes / divisor {
							want := mean(fullImg.Planes[p], x*divisor, y*divisor, divisor)
							require.InDelta(t, want, float64(img.Planes[p].Data[y*layout.Stride+x]), 9, "%s 1/%d plane %d column %d row %d", name, divisor, p, x, y)
						}
					}
				}
			}
		}
	}
}

// mean returns the mean of side x side samples at (x, y).
func mean(p pixel.Plane, x, y, side int) float64 {
	sum := 0
	for j := range side {
		for _, v := range p.Data[(y+j)*p.Stride+x:][:side] {
			sum += int(v)
		}
	}
	return float64(sum) / float64(side*side)
}

// TestGolden pins all bits of a frame at each size, on every architecture. The file was
// written by testjpeg.Encode, whose floating-point results differ between
// architectures.
func TestGolden(t *testing.T) {
	file, err := os.ReadFile("testdata/422.jpg")
	require.NoError(t, err)
	for minSide, want := range map[int]uint32{0: 0x9d8cda83, 38: 0x32c699e4, 19: 0xb6222645, 10: 0x3363703c} {
		d := Decoder{MinSide: minSide}
		f, data, _, err := d.Decode(file)
		require.NoError(t, err)
		sum := crc32.NewIEEE()
		img := f.Image(data)
		for p, layout := range f.Planes() {
			for y := range layout.Rows {
				sum.Write(img.Planes[p].Data[y*layout.Stride:][:layout.RowBytes])
			}
		}
		require.Equal(t, want, sum.Sum32(), "%v", f)
	}
}

func TestScaledSize(t *testing.T) {
	for _, c := range []struct{ width, height, minSide, want int }{
		{640, 480, 0, 8}, {640, 480, 227, 4}, {640, 480, 240, 4}, {640, 480, 241, 8}, {1280, 720, 227, 4}, {1920, 1080, 227, 2},
		{227, 227, 227, 8}, {100, 100, 227, 8}, {4000, 3000, 227, 1}, {9000, 9000, 1, 1}, {453, 453, 227, 4}, {452, 452, 227, 8},
	} {
		require.Equal(t, c.want, scaledSize(c.width, c.height, c.minSide), "%+v", c)
	}
}

// TestMissingEnd decodes frames without the end marker, with padding, and with the
// start of another one, and finds where their data end.
func TestMissingEnd(t *testing.T) {
	for name, c := range samplings {
		c.Width, c.Height, c.Quality = 50, 34, 75
		file := testjpeg.Encode(c, scene)
		var d Decoder
		_, want, _, err := d.Decode(file)
		require.NoError(t, err)
		want = slices.Clone(want)
		body, end := file[:len(file)-2], file[len(file)-2:]
		for kind, c := range map[string]struct {
			after  []byte // the data
			length int    // of what belongs to the picture
		}{
			"end":              {end, 2},
			"no end":           {nil, 0},
			"zeros":            {make([]byte, 100), 100},
			"padding":          {append(slices.Clone(end), make([]byte, 100)...), 2},
			"stale data":       {append(slices.Clone(end), file...), 2},
			"no end, stale":    {file, 0},
			"zeros, stale":     {append(make([]byte, 9), file...), 9},
			"fill bytes":       {[]byte{0xff, 0xff, 0xff, 0xd9, 1}, 4},
			"a restart marker": {[]byte{0xff, 0xd3, 0xff, 0xd9}, 0},
			"a byte 0xff":      {[]byte{0xff}, 1},
		} {
			frame := append(slices.Clone(body), c.after...)
			_, got, length, err := d.Decode(frame)
			require.NoError(t, err, "%s, %s", name, kind)
			require.Equal(t, want, got, "%s, %s", name, kind)
			require.Equal(t, len(body)+c.length, length, "%s, %s", name, kind)
		}
	}
}

// TestTruncated checks that a frame that ends too early is an error, wherever it ends.
func TestTruncated(t *testing.T) {
	for name, c := range samplings {
		c.Width, c.Height, c.Quality = 50, 34, 75
		file := testjpeg.Encode(c, scene)
		var d Decoder
		const fewest = 30 // bytes for the blocks of 4:4:4 in 2x1; a shorter scan counts as a wrong size
		header := find(t, file, jpegsegment.SOS) + 14 + fewest
		for n := range len(file) - 3 { // the last byte of the data may be nothing but filling
			_, _, _, err := d.Decode(file[:n])
			if !errors.Is(err, ErrDamaged) {
				require.ErrorIs(t, err, ErrUnsupported, "%s, %d of %d bytes", name, n, len(file))
				require.LessOrEqual(t, n, header, name)
			}
		}
		_, _, _, err := d.Decode(file) // the next frame is not affected
		require.NoError(t, err)
	}
}

// find returns the offset of a marker in the header.
func find(t testing.TB, file []byte, marker byte) int {
	t.Helper()
	for s := range jpegsegment.All(file) {
		if s.Marker == marker {
			return s.Offset
		}
	}
	require.Fail(t, "no such marker")
	return 0
}

// TestChangedFrames changes one thing at a time to what the package does not decode, or
// what no encoder writes.
func TestChangedFrames(t *testing.T) {
	damaged := map[string]bool{
		"wrong restart marker": true, "missing restart marker": true, "marker in the data": true, "wrong restart interval": true,
	}
	c := testjpeg.Config{Width: 50, Height: 34, H: 2, V: 1, Quality: 75, Restart: 4}
	file := testjpeg.Encode(c, scene)
	sof, dht, dqt, sos := find(t, file, jpegsegment.SOF0), find(t, file, jpegsegment.DHT), find(t, file, jpegsegment.DQT), find(t, file, jpegsegment.SOS)
	rst := bytes.Index(file[sos:], []byte{0xff, jpegsegment.RST0}) + sos
	set := func(at int, b byte) func([]byte) []byte {
		return func(f []byte) []byte { f[at] = b; return f }
	}
	insert := func(at int, b ...byte) func([]byte) []byte {
		return func(f []byte) []byte { return slices.Insert(f, at, b...) }
	}
	var d Decoder
	for name, change := range map[string]func([]byte) []byte{
		"progressive":              set(sof+1, 0xc2),
		"arithmetic":               set(sof+1, 0xc9),
		"12 bits":                  set(sof+4, 12),
		"no rows":                  set(sof+6, 0),
		"large":                    func(f []byte) []byte { f[sof+5], f[sof+7] = 0x0f, 0x0f; return f },
		"4:1:1":                    set(sof+11, 0x41),
		"4:4:0":                    set(sof+11, 0x12),
		"unlike chroma":            set(sof+14, 0x21),
		"two components":           set(sof+9, 2),
		"repeated component":       set(sof+13, 1),
		"unknown quantizers":       set(sof+12, 3),
		"steps of 16 bits":         set(dqt+4, 0x10),
		"Huffman table 4":          set(dht+4, 0x04),
		"Huffman table too long":   set(dht+6, 200),
		"too many codes":           set(dht+5, 3),
		"component order":          func(f []byte) []byte { f[sos+5], f[sos+7] = 2, 1; return f },
		"one component of three":   set(sos+4, 1),
		"undefined Huffman table":  set(sos+6, 0x22),
		"RGB by Adobe":             insert(2, append([]byte{0xff, 0xee, 0, 14}, []byte("Adobe\x00\x64\x00\x00\x00\x00\x00")...)...),
		"wrong restart marker":     set(rst+1, 0xd5),
		"missing restart marker":   func(f []byte) []byte { return slices.Delete(f, rst, rst+2) },
		"marker in the data":       insert(rst-5, 0xff, 0xd9),
		"another scan":             func(f []byte) []byte { return append(f[:len(f)-2], f[sos:]...) },
		"bytes before":             insert(0, 0),
		"wrong restart interval":   func(f []byte) []byte { f[find(t, f, jpegsegment.DRI)+5] = 2; return f },
		"another frame header":     insert(sos, file[sof:sof+19]...),
		"number of lines after it": insert(sos, 0xff, 0xdc, 0, 4, 0, 8),
	} {
		_, _, _, err := d.Decode(change(slices.Clone(file)))
		if damaged[name] {
			require.ErrorIs(t, err, ErrDamaged, name)
		} else {
			require.ErrorIs(t, err, ErrUnsupported, name)
		}
	}
	_, _, _, err := d.Decode(file)
	require.NoError(t, err)
}

// TestBrokenOff cuts a frame within its data and continues as a driver's buffer does: with
// the rest of an earlier frame, or with zeros. The result is ErrDamaged or exactly the
// frame, with these exceptions:
//   - Cut in its first bytes and continued by an earlier frame, it is that frame.
//   - Zeros may be the codes of up to maxZeros bytes: of the last blocks.
//   - With restart markers, an interval may consist of two frames whose data end within
//     maxExtra bytes of each other.
func TestBrokenOff(t *testing.T) {
	const (
		first = 24            // bytes of the scan after which another frame's data are detected
		last  = maxZeros + 10 // bytes of the scan in which zeros may not be detected
		step  = 31
	)
	eoi := []byte{0xff, jpegsegment.EOI}
	for name, c := range samplings {
		c.Width, c.Height, c.Quality = 176, 144, 85
		file := testjpeg.Encode(c, scene)
		body := file[:len(file)-len(eoi)]
		start := find(t, file, jpegsegment.SOS) + 14
		earlier := testjpeg.Encode(c, func(x, y int) [3]float64 { return scene(3*y, 2*x) })
		require.Greater(t, len(earlier), len(file))
		var d Decoder
		_, picture, _, err := d.Decode(file)
		require.NoError(t, err)
		whole := slices.Clone(picture)
		undetected := func(n int, rest ...[]byte) bool {
			_, picture, _, err := d.Decode(slices.Concat(file[:n:n], slices.Concat(rest...)))
			if err != nil {
				require.ErrorIs(t, err, ErrDamaged, "%s, %d of %d bytes", name, n, len(file))
				return false
			}
			return !slices.Equal(whole, picture)
		}
		for n := start; n < len(body)-last; n += step {
			for _, zeros := range []int{20_000, len(body) - n} {
				require.False(t, undetected(n, make([]byte, zeros)), "%s, %d bytes, %d zeros", name, n, zeros)
				require.False(t, undetected(n, make([]byte, zeros), eoi), "%s, %d bytes, %d zeros and EOI", name, n, zeros)
			}
		}
		mixed, tries := 0, 0
		for n := start + first; n < len(body); n += step {
			for _, end := range []int{len(earlier) - len(eoi), len(earlier)} {
				tries++
				if undetected(n, earlier[n:end]) {
					require.NotZero(t, c.Restart, "%s, %d bytes", name, n)
					mixed++
				}
			}
		}
		require.LessOrEqual(t, mixed, tries/20, name)
	}
}

// TestExtraBytes: some encoders write bytes before a restart marker, or fill bytes.
func TestExtraBytes(t *testing.T) {
	for name, c := range samplings {
		if c.Restart == 0 {
			continue
		}
		c.Width, c.Height, c.Quality = 100, 68, 75
		file := testjpeg.Encode(c, scene)
		start := find(t, file, jpegsegment.SOS)
		decode := func(extra string) error {
			changed := slices.Clone(file[:start])
			markers := 0
			for i, b := range file[start:] {
				if b == 0xff && file[start+i+1]&^7 == jpegsegment.RST0 {
					changed = append(changed, extra...)
					markers++
				}
				changed = append(changed, b)
			}
			require.Positive(t, markers, name)
			var d Decoder
			f, data, _, err := d.Decode(changed)
			if err == nil {
				requireSame(t, file, f, data)
			}
			return err
		}
		require.NoError(t, decode("\xff\xff"), name)
		require.NoError(t, decode("\x12\x34\x56\x78\x9a\xbc\xde\xf0\x12"), name) // 9, as Logitech's C270
		require.NoError(t, decode(strings.Repeat("\x5a", maxExtra)), name)
		require.ErrorIs(t, decode(strings.Repeat("\x5a", maxExtra+1)), ErrDamaged, name)
	}
}

// TestBoundaryAfterData: a multipart stream that lacks end markers has its boundary after
// the data.
func TestBoundaryAfterData(t *testing.T) {
	boundary := "\r\n--boundary\r\nContent-Type: image/jpeg\r\nContent-Length: 12345\r\n\r\n"
	for name, c := range samplings {
		c.Width, c.Height, c.Quality = 50, 34, 75
		file := testjpeg.Encode(c, scene)
		var d Decoder
		f, data, _, err := d.Decode(append(file[:len(file)-2:len(file)-2], boundary...))
		require.NoError(t, err, name)
		requireSame(t, withTables(c, scene), f, data)
	}
}

// TestJFIFIsNotRGB: a JFIF header decides against the other hints.
func TestJFIFIsNotRGB(t *testing.T) {
	file := testjpeg.Encode(testjpeg.Config{Width: 16, Height: 16, H: 1, V: 1, Quality: 75}, scene)
	adobe := append([]byte{0xff, 0xee, 0, 14}, []byte("Adobe\x00\x64\x00\x00\x00\x00\x00")...)
	jfif := append([]byte{0xff, 0xe0, 0, 16}, []byte("JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00")...)
	var d Decoder
	_, _, _, err := d.Decode(slices.Insert(slices.Clone(file), 2, append(jfif, adobe...)...))
	require.NoError(t, err)
}

// TestSteadyState decodes frames of alternating tables and the same size without
// allocating, for each size and subsampling.
func TestSteadyState(t *testing.T) {
	for name, c := range samplings {
		c.Width, c.Height, c.Quality = 100, 75, 80
		file := testjpeg.Encode(c, scene)
		for _, minSide := range []int{0, 37} {
			d := Decoder{MinSide: minSide}
			allocations := testing.AllocsPerRun(5, func() {
				_, _, _, err := d.Decode(file)
				require.NoError(t, err)
			})
			require.Zero(t, allocations, name)
		}
	}
}

// TestHeaderAloneAllocatesNoFrame: the size in a header may be wrong, so memory is
// allocated only for pictures that the frame is long enough for.
func TestHeaderAloneAllocatesNoFrame(t *testing.T) {
	file := testjpeg.Encode(testjpeg.Config{Width: 64, Height: 64, H: 2, V: 2, Quality: 75}, scene)
	sof := find(t, file, jpegsegment.SOF0)
	copy(file[sof+5:], []byte{4000 >> 8, 4000 & 255, 4000 >> 8, 4000 & 255})
	var d Decoder
	_, _, _, err := d.Decode(file)
	require.ErrorIs(t, err, ErrUnsupported)
	require.Zero(t, cap(d.data))
}

// TestNoBytesOfEarlierFrames: the planes, with what lies outside the picture, depend on
// the frame alone.
func TestNoBytesOfEarlierFrames(t *testing.T) {
	for name, c := range samplings {
		c.Width, c.Height, c.Quality, c.NoTables = 9, 17, 60, false
		white := testjpeg.Encode(c, func(int, int) [3]float64 { return [3]float64{255, 255, 255} })
		file := testjpeg.Encode(c, scene)
		var used, fresh Decoder
		_, _, _, err := used.Decode(white)
		require.NoError(t, err, name)
		_, got, _, err := used.Decode(file)
		require.NoError(t, err, name)
		_, want, _, err := fresh.Decode(file)
		require.NoError(t, err, name)
		require.Equal(t, want, got, name)
	}
}

// TestLimitOfCoefficients decodes noise of black and white pixels, which has the largest
// coefficients of any picture. Larger ones are damage.
func TestLimitOfCoefficients(t *testing.T) {
	noise := rand.New(rand.NewPCG(1, 2))
	file := testjpeg.Encode(testjpeg.Config{Width: 64, Height: 64, Grey: true, Quality: 100}, func(int, int) [3]float64 {
		return [3]float64{float64(255 * noise.IntN(2))}
	})
	var d Decoder
	f, data, _, err := d.Decode(file)
	require.NoError(t, err)
	requireSame(t, file, f, data)
	dqt := find(t, file, jpegsegment.DQT)
	for i := range 64 {
		file[dqt+5+i] = 255
	}
	_, _, _, err = d.Decode(file)
	require.ErrorIs(t, err, ErrDamaged)
}

// TestMutations changes a few bits of frames and compares with package image/jpeg, as
// FuzzDecode does. Most changed frames are still pictures.
func TestMutations(t *testing.T) {
	const rounds = 30 // of each kind
	r := rand.New(rand.NewPCG(5, 6))
	var whole, small Decoder
	compared := 0
	for _, name := range slices.Sorted(maps.Keys(samplings)) {
		c := samplings[name]
		c.Width, c.Height, c.Quality, c.NoTables = 50, 34, 60, false
		file := testjpeg.Encode(c, scene)
		start := find(t, file, jpegsegment.SOS)
		for range rounds {
			frame := slices.Clone(file)
			from := start
			if r.IntN(3) == 0 {
				from = 0
			}
			for range 1 + r.IntN(4) {
				frame[from+r.IntN(len(frame)-from)] ^= 1 << r.IntN(8)
			}
			small.MinSide = 1 + r.IntN(40)
			if f, data, _, err := small.Decode(frame); err == nil {
				img := f.Image(data)
				require.NoError(t, img.Validate())
			}
			f, data, _, err := whole.Decode(frame)
			if err != nil {
				continue
			}
			if _, err := jpeg.Decode(bytes.NewReader(frame)); err == nil {
				requireSame(t, frame, f, data)
				compared++
			}
		}
	}
	t.Logf("%d of %d are pictures", compared, rounds*len(samplings))
	require.Greater(t, compared, rounds)
}

// FuzzDecode compares with package image/jpeg: what both decode is the same picture.
// What only this package decodes lacks the tables or the end. What only image/jpeg decodes
// is uncommon or damaged. Bytes after the picture's length do not matter.
func FuzzDecode(f *testing.F) {
	for _, c := range samplings {
		c.Width, c.Height, c.Quality = 17, 9, 60
		f.Add(testjpeg.Encode(c, scene), uint8(0))
	}
	var whole Decoder
	f.Fuzz(func(t *testing.T, frame []byte, minSide uint8) {
		small := Decoder{MinSide: 1 + int(minSide)}
		if format, data, _, err := small.Decode(frame); err == nil {
			img := format.Image(data)
			require.NoError(t, img.Validate())
		}
		format, data, length, err := whole.Decode(frame)
		if err != nil {
			return
		}
		require.LessOrEqual(t, length, len(frame))
		data = slices.Clone(data)
		_, same, again, err := whole.Decode(frame[:length])
		require.NoError(t, err)
		require.Equal(t, length, again)
		require.Equal(t, data, same)
		if _, err := jpeg.Decode(bytes.NewReader(frame)); err == nil {
			requireSame(t, frame, format, data)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	file := testjpeg.Encode(testjpeg.Config{Width: 640, Height: 480, H: 2, V: 1, Quality: 60}, scene)
	for _, minSide := range []int{0, 227, 120} {
		b.Run(fmt.Sprintf("%d bytes, MinSide %d", len(file), minSide), func(b *testing.B) {
			d := Decoder{MinSide: minSide}
			b.ReportAllocs()
			for b.Loop() {
				if _, _, _, err := d.Decode(file); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
