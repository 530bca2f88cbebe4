package prep

import (
	"fmt"
	"hash/crc32"
	"math"
	"math/rand/v2"
	"testing"

	"halfmeg/camera/pixel"
	"halfmeg/model"

	"github.com/stretchr/testify/require"
)

// rule returns an Input; fields that preprocessing does not read are valid.
func rule(fit model.Fit, resize, size int, order model.Order) model.Input {
	return model.Input{Size: size, Order: order, Std: [3]float32{1, 1, 1}, Fit: fit, Resize: resize}
}

// draw makes a picture from a function of position. Rows have three bytes of padding.
func draw(width, height int, colour func(x, y int) [3]byte) pixel.Image {
	stride := 3*width + 3
	p := pixel.Format{FourCC: pixel.RGB24, Width: width, Height: height, Stride: stride}.Image(make([]byte, stride*height))
	for y := range height {
		for x := range width {
			c := colour(x, y)
			copy(p.Planes[0].Data[y*p.Planes[0].Stride+3*x:], c[:])
		}
	}
	return p
}

func noise(width, height int, seed uint64) pixel.Image {
	r := rand.New(rand.NewPCG(seed, 0))
	return draw(width, height, func(int, int) [3]byte {
		v := r.Uint32()
		return [3]byte{byte(v), byte(v >> 8), byte(v >> 16)}
	})
}

// preprocess runs a new Preprocessor and returns the result as bytes 0…255.
func preprocess(t testing.TB, in model.Input, src pixel.Image) []byte {
	t.Helper()
	p, err := NewPreprocessor(in)
	require.NoError(t, err)
	dst := make([]int8, 3*in.Size*in.Size)
	require.NoError(t, p.Run(dst, src))
	return toBytes(dst)
}

func toBytes(dst []int8) []byte {
	out := make([]byte, len(dst))
	for i, v := range dst {
		out[i] = byte(int(v) + 128)
	}
	return out
}

// TestPreprocessByHand checks results calculated by hand. The channels of a pixel
// are p, p+1 and 255-p, where p is the number below.
func TestPreprocessByHand(t *testing.T) {
	cases := []struct {
		name   string
		in     model.Input
		source [][]byte
		want   [][]byte
	}{
		// Enlarging 2 to 4, output centres fall on 0.25, 0.75, 1.25, 1.75,
		// source centres are 0.5 and 1.5: the weights are (1, 0), (3/4, 1/4),
		// (1/4, 3/4), (0, 1). Columns:
		//   0 100  ->    0  25  75 100
		// 200  40  ->  200 160  80  40
		// Rows: the second is 3/4 of the first and 1/4 of the other,
		// 50, 58.75, 76.25, 85, and the third the reverse,
		// 150, 126.25, 78.75, 55.
		{"2x2 to 4x4", rule(model.Direct, 0, 4, model.RGB),
			[][]byte{{0, 100}, {200, 40}},
			[][]byte{{0, 25, 75, 100}, {50, 59, 76, 85}, {150, 126, 79, 55}, {200, 160, 80, 40}}},
		// Shrinking 4 to 2, the triangle of the first output is centred on 1
		// and reaches 2 to each side: its heights at 0.5, 1.5, 2.5, 3.5 are
		// 3/4, 3/4, 1/4, 0, the weights 3/7, 3/7, 1/7, 0. With p = 49x+35y the
		// first column is 49*(3+2)/7 = 35 above the row, the last 49*3-35 = 112;
		// the rows are 35*(3+2)/7 = 25 and 35*3-25 = 80.
		{"4x4 to 2x2", rule(model.Direct, 0, 2, model.RGB),
			[][]byte{{0, 49, 98, 147}, {35, 84, 133, 182}, {70, 119, 168, 217}, {105, 154, 203, 252}},
			[][]byte{{60, 137}, {115, 192}}},
		// Shrinking 3 to 2, centred on 0.75, reaching 1.5: heights at 0.5,
		// 1.5, 2.5 are 5/6, 1/2, 0, the weights 5/8, 3/8, 0. With p = 64x+32y
		// the columns are 64*3/8 = 24 and 128-24 = 104, the rows 12 and 52.
		{"3x3 to 2x2", rule(model.Direct, 0, 2, model.RGB),
			[][]byte{{0, 64, 128}, {32, 96, 160}, {64, 128, 192}},
			[][]byte{{36, 116}, {76, 156}}},
		// The same in another shape and order: 3x1 has one row for both.
		{"3x1 to 2x2", rule(model.Direct, 0, 2, model.BGR),
			[][]byte{{0, 64, 128}},
			[][]byte{{24, 104}, {24, 104}}},
		// Squash scales 2x2 to 4x4 as above and keeps the middle four.
		{"squash", rule(model.Squash, 4, 2, model.RGB),
			[][]byte{{0, 100}, {200, 40}},
			[][]byte{{59, 76}, {126, 79}}},
		// An odd margin of 3 is split 1 and 2: Caffe rounds 1.5 down.
		{"squash, odd margin", rule(model.Squash, 4, 1, model.BGR),
			[][]byte{{0, 1, 2, 3}, {4, 5, 6, 7}, {8, 9, 10, 11}, {12, 13, 14, 15}},
			[][]byte{{5}}},
		// The short side stays 2, so nothing is resampled; the long side is cropped by 1 and 1.
		{"crop", rule(model.Crop, 2, 2, model.RGB),
			[][]byte{{10, 20, 30, 40}, {50, 60, 70, 80}},
			[][]byte{{20, 30}, {60, 70}}},
		// Margins of 3 and 5: torchvision rounds 1.5 and 2.5 to the even 2.
		{"crop, odd margins", rule(model.Crop, 4, 1, model.RGB),
			[][]byte{{0, 1, 2, 3, 4, 5}, {6, 7, 8, 9, 10, 11}, {12, 13, 14, 15, 16, 17}, {18, 19, 20, 21, 22, 23}},
			[][]byte{{14}}},
		{"1x1", rule(model.Crop, 3, 2, model.BGR), [][]byte{{77}}, [][]byte{{77, 77}, {77, 77}}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			src := draw(len(c.source[0]), len(c.source), func(x, y int) [3]byte {
				p := c.source[y][x]
				return [3]byte{p, p + 1, 255 - p}
			})
			var want []byte
			for _, row := range c.want {
				for _, p := range row {
					if c.in.Order == model.BGR {
						want = append(want, 255-p, p+1, p)
					} else {
						want = append(want, p, p+1, 255-p)
					}
				}
			}
			require.Equal(t, want, preprocess(t, c.in, src))
		})
	}
}

// TestScaledSize compares with torchvision's Resize(256) and CenterCrop(224).
func TestScaledSize(t *testing.T) {
	in := model.TorchvisionInput()
	for _, c := range []struct{ width, height, w, h, left, top int64 }{
		{500, 375, 341, 256, 58, 16},          // 341.33 rounded down; 58.5 to even
		{375, 500, 256, 341, 16, 58},          // portrait
		{343, 256, 343, 256, 60, 16},          // 59.5 to even
		{256, 256, 256, 256, 16, 16},          // not scaled
		{640, 480, 341, 256, 58, 16},          // a camera's frame
		{1, 10000, 256, 2560000, 16, 1279888}, // virtual: only the crop is computed
	} {
		w, h := scaledSize(in, int(c.width), int(c.height))
		require.Equal(t, []int64{c.w, c.h}, []int64{w, h})
		require.Equal(t, []int64{c.left, c.top}, []int64{cropOffset(in, w), cropOffset(in, h)})
	}
	caffe := model.CaffeInput()
	require.EqualValues(t, 14, cropOffset(caffe, 256), "(256-227)/2, rounded down")
}

// reference resizes RGB in float64, straight from the definition: an output value is
// the weighted mean of all source pixels, not rounded.
func reference(in model.Input, src pixel.Image) []float64 {
	w, h := scaledSize(in, src.Width, src.Height)
	left, top := cropOffset(in, w), cropOffset(in, h)
	allColumns := triangles(src.Width, w, left, in.Size)
	out := make([]float64, 0, 3*in.Size*in.Size)
	for _, rows := range triangles(src.Height, h, top, in.Size) {
		for _, columns := range allColumns {
			var sum [3]float64
			for _, r := range rows {
				for _, col := range columns {
					for c := range 3 {
						sum[c] += r.weight * col.weight * float64(src.Planes[0].Data[r.sample*src.Planes[0].Stride+3*col.sample+c])
					}
				}
			}
			if in.Order == model.BGR {
				sum[0], sum[2] = sum[2], sum[0]
			}
			out = append(out, sum[:]...)
		}
	}
	return out
}

// weightedSample is a source sample and its weight.
type weightedSample struct {
	sample int
	weight float64
}

// triangle returns the source pixels with a positive weight in an output position.
func triangle(source int, scaled, position float64) (list []weightedSample) {
	scale := float64(source) / scaled
	centre, radius := (position+0.5)*scale, max(scale, 1)
	total := 0.0
	for j := range source {
		if w := 1 - math.Abs(float64(j)+0.5-centre)/radius; w > 0 {
			list = append(list, weightedSample{j, w})
			total += w
		}
	}
	for k := range list {
		list[k].weight /= total
	}
	return list
}

// triangles returns them for each position of an output axis.
func triangles(source int, scaled, offset int64, count int) (list [][]weightedSample) {
	for i := range count {
		list = append(list, triangle(source, float64(scaled), float64(offset)+float64(i)))
	}
	return list
}

// requireClose checks that every value is within 1 of the reference.
func requireClose(t *testing.T, in model.Input, src pixel.Image) {
	t.Helper()
	want := reference(in, src)
	for i, v := range preprocess(t, in, src) {
		require.InDelta(t, want[i], float64(v), 1, "value %d", i)
	}
}

func TestAgainstReference(t *testing.T) {
	sizes := [][2]int{{1, 1}, {2, 3}, {7, 5}, {16, 16}, {33, 20}, {20, 47}, {64, 48}, {1, 300}, {300, 1}, {3, 211}}
	for _, in := range []model.Input{
		rule(model.Squash, 16, 14, model.BGR), rule(model.Squash, 20, 9, model.RGB), rule(model.Crop, 16, 14, model.RGB), rule(model.Crop, 19, 8, model.BGR),
		rule(model.Direct, 0, 13, model.RGB), rule(model.Direct, 0, 16, model.BGR),
	} {
		for _, s := range sizes {
			t.Run(fmt.Sprintf("%v %d to %d, %dx%d", in.Fit, in.Resize, in.Size, s[0], s[1]), func(t *testing.T) {
				requireClose(t, in, noise(s[0], s[1], 1))
			})
		}
	}
}

func TestExtremeShapes(t *testing.T) {
	in := rule(model.Crop, 256, 8, model.RGB)
	for _, s := range [][2]int{{1, 10000}, {10000, 1}, {2, 9999}, {1 << 20, 1}, {1, 1 << 20}} {
		t.Run(fmt.Sprintf("%dx%d", s[0], s[1]), func(t *testing.T) {
			src := noise(s[0], s[1], 2)
			requireClose(t, in, src)
			p, err := NewPreprocessor(in)
			require.NoError(t, err)
			require.NoError(t, p.Run(make([]int8, 3*8*8), src))
			require.Less(t, cap(p.rgb.horizontal.taps)+cap(p.rgb.vertical.taps), 100, "only the crop has taps")
		})
	}
	// At an extreme reduction the window is the source and the result its mean.
	wide := draw(1<<20, 2, func(x, y int) [3]byte { return [3]byte{byte(x), byte(x + 1), 9} })
	for i, v := range preprocess(t, rule(model.Direct, 0, 2, model.RGB), wide) {
		require.InDelta(t, []float64{127.5, 127.5, 9}[i%3], float64(v), 1)
	}
}

func TestIdentity(t *testing.T) {
	src := noise(11, 11, 3)
	for _, in := range []model.Input{rule(model.Direct, 0, 11, model.RGB), rule(model.Squash, 11, 11, model.RGB), rule(model.Crop, 11, 11, model.RGB)} {
		got := preprocess(t, in, src)
		for y := range 11 {
			require.Equal(t, src.Planes[0].Data[y*src.Planes[0].Stride:][:33], got[33*y:][:33])
		}
	}
}

func TestConstantStaysConstant(t *testing.T) {
	for _, s := range [][2]int{{1, 1}, {3, 5}, {97, 13}, {400, 300}} {
		src := draw(s[0], s[1], func(int, int) [3]byte { return [3]byte{0, 131, 255} })
		for _, in := range []model.Input{rule(model.Direct, 0, 21, model.RGB), rule(model.Squash, 29, 21, model.RGB), rule(model.Crop, 29, 21, model.RGB)} {
			got := preprocess(t, in, src)
			for i, v := range got {
				require.Equal(t, []byte{0, 131, 255}[i%3], v)
			}
		}
	}
}

// TestMirror checks that a source rotated by 180 degrees has the rotated result, bit
// by bit, where the margins of the crop are even.
func TestMirror(t *testing.T) {
	const size = 14
	for _, s := range [][2]int{{5, 8}, {14, 14}, {31, 40}, {100, 64}} {
		src := noise(s[0], s[1], 4)
		at := func(x, y int) [3]byte { return [3]byte(src.Planes[0].Data[y*src.Planes[0].Stride+3*x:]) }
		rotated := draw(s[0], s[1], func(x, y int) [3]byte { return at(s[0]-1-x, s[1]-1-y) })
		for _, in := range []model.Input{rule(model.Direct, 0, size, model.RGB), rule(model.Squash, 18, size, model.RGB)} {
			want, got := preprocess(t, in, src), preprocess(t, in, rotated)
			for i := range size * size {
				j := size*size - 1 - i
				require.Equal(t, want[3*i:3*i+3], got[3*j:3*j+3])
			}
		}
	}
}

// TestOrder checks that channel orders only permute the bytes of a pixel.
func TestOrder(t *testing.T) {
	src := noise(50, 40, 5)
	rgb, bgr := preprocess(t, rule(model.Crop, 20, 16, model.RGB), src), preprocess(t, rule(model.Crop, 20, 16, model.BGR), src)
	for i := 0; i < len(rgb); i += 3 {
		require.Equal(t, []byte{rgb[i+2], rgb[i+1], rgb[i]}, bgr[i:i+3])
	}
}

// TestGolden pins all bits of three results, which must be the same on every machine.
func TestGolden(t *testing.T) {
	for _, c := range []struct {
		in            model.Input
		width, height int
		want          uint32
	}{
		{model.CaffeInput(), 640, 480, 0x900d6160},
		{model.TorchvisionInput(), 375, 500, 0xa859416e},
		{rule(model.Direct, 0, 227, model.BGR), 99, 70, 0x8174a0f2},
	} {
		got := preprocess(t, c.in, noise(c.width, c.height, 7))
		require.Equal(t, c.want, crc32.ChecksumIEEE(got), "%v of %dx%d", c.in.Fit, c.width, c.height)
	}
}

// TestChangingSizes checks that earlier pictures do not matter.
func TestChangingSizes(t *testing.T) {
	in := rule(model.Crop, 20, 16, model.BGR)
	p, err := NewPreprocessor(in)
	require.NoError(t, err)
	dst := make([]int8, 3*16*16)
	for i, s := range [][2]int{{640, 480}, {3, 2}, {200, 900}, {200, 900}, {200, 300}, {17, 16}} {
		src := noise(s[0], s[1], uint64(i))
		require.NoError(t, p.Run(dst, src))
		require.Equal(t, preprocess(t, in, src), toBytes(dst))
	}
}

func TestPreprocessAllocatesNothing(t *testing.T) {
	p, err := NewPreprocessor(model.CaffeInput())
	require.NoError(t, err)
	dst, src := make([]int8, 3*227*227), noise(320, 240, 6)
	require.NoError(t, p.Run(dst, src))
	require.Zero(t, testing.AllocsPerRun(5, func() {
		if p.Run(dst, src) != nil {
			t.Fail()
		}
	}))
}

func TestPreprocessBadInput(t *testing.T) {
	for _, in := range []model.Input{{}, rule(model.Squash, 13, 14, model.RGB), rule(model.Crop, 0, 14, model.RGB), rule(model.Direct+1, 16, 14, model.RGB), rule(model.Direct, 0, 1<<20, model.RGB)} {
		_, err := NewPreprocessor(in)
		require.Error(t, err)
	}
	p, err := NewPreprocessor(rule(model.Direct, 0, 4, model.RGB))
	require.NoError(t, err)
	good := draw(5, 6, func(int, int) [3]byte { return [3]byte{} })
	dst := make([]int8, 3*4*4)
	require.NoError(t, p.Run(dst, good))
	require.ErrorContains(t, p.Run(dst[1:], good), "has 48 bytes, not 47")
	for want, corrupt := range map[string]func(*pixel.Image){
		"unsupported pixel format": func(p *pixel.Image) { p.FourCC = 200 },
		"0x6":                      func(p *pixel.Image) { p.Width = 0 },
		"5x-1":                     func(p *pixel.Image) { p.Height = -1 },
		"stride of 14 bytes":       func(p *pixel.Image) { p.Planes[0].Stride = 14 },
		"has 104 bytes":            func(p *pixel.Image) { p.Planes[0].Data = p.Planes[0].Data[:104] }, // 5*18+15 = 105 are needed
		"1048577x6":                func(p *pixel.Image) { p.Width = 1<<20 + 1 },
		"sides of 1…1048576":       func(p *pixel.Image) { p.Height = math.MaxInt },
		fmt.Sprintf("stride of %d bytes", math.MaxInt): func(p *pixel.Image) { p.Planes[0].Stride = math.MaxInt },
	} {
		bad := good
		corrupt(&bad)
		require.ErrorContains(t, p.Run(dst, bad), want)
	}
	short := good
	short.Planes[0].Data = short.Planes[0].Data[:105]
	require.NoError(t, p.Run(dst, short), "the last row needs no padding")
}

// FuzzPreprocess compares with the reference for any size, rule and content.
func FuzzPreprocess(f *testing.F) {
	f.Add(uint16(4), uint16(3), uint8(model.Squash), uint8(16), uint8(14), uint64(1))
	f.Add(uint16(640), uint16(2), uint8(model.Crop), uint8(16), uint8(9), uint64(2))
	f.Add(uint16(1), uint16(1), uint8(model.Direct), uint8(0), uint8(3), uint64(3))
	f.Fuzz(func(t *testing.T, width, height uint16, fit, resize, size uint8, seed uint64) {
		src := noise(1+int(width)%200, 1+int(height)%200, seed)
		in := rule(model.Fit(fit%3), int(resize), 1+int(size)%16, model.Order(seed%2))
		if in.Validate() != nil {
			return
		}
		requireClose(t, in, src)
	})
}

func BenchmarkPreprocess(b *testing.B) {
	p, err := NewPreprocessor(model.CaffeInput())
	require.NoError(b, err)
	dst, src := make([]int8, 3*227*227), noise(640, 480, 1)
	b.ReportAllocs()
	for b.Loop() {
		if err := p.Run(dst, src); err != nil {
			b.Fatal(err)
		}
	}
}
