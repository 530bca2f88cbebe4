package prep

import (
	"hash/crc32"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"halfmeg/camera/pixel"
	"halfmeg/model"

	"github.com/stretchr/testify/require"
)

var (
	allFormats = []pixel.FourCC{pixel.RGB24, pixel.BGR24, pixel.YUYV, pixel.UYVY, pixel.NV12, pixel.NV21, pixel.YU12, pixel.GREY, pixel.YVYU, pixel.YV12, pixel.YUV422P, pixel.YUV444P}
	yuvFormats = []pixel.FourCC{pixel.YUYV, pixel.UYVY, pixel.NV12, pixel.NV21, pixel.YU12, pixel.GREY, pixel.YVYU, pixel.YV12, pixel.YUV422P, pixel.YUV444P}
)

// chromaHeight returns the vertical subsampling factor.
func chromaHeight(f pixel.FourCC) int {
	switch f {
	case pixel.YUYV, pixel.UYVY, pixel.YVYU, pixel.YUV422P, pixel.YUV444P:
		return 1
	}
	return 2
}

// chromaWidth returns the horizontal subsampling factor.
func chromaWidth(f pixel.FourCC) int {
	if f == pixel.YUV444P {
		return 1
	}
	return 2
}

// blank makes a picture whose planes are separate and whose rows have padding.
func blank(f pixel.FourCC, width, height int) pixel.Image {
	p := pixel.Image{FourCC: f, Width: width, Height: height, Range: pixel.Limited}
	padding := [3]int{3, 5, 5}
	if f == pixel.YUYV || f == pixel.UYVY || f == pixel.YVYU {
		padding[0] = 4
	}
	for i, l := range (pixel.Format{FourCC: f, Width: width, Height: height}).Planes() {
		if l.Rows > 0 {
			stride := l.RowBytes + padding[i]
			p.Planes[i] = pixel.Plane{Data: make([]byte, stride*l.Rows), Stride: stride}
		}
	}
	return p
}

// sample returns sample (x, y) of channel Y, Cb or Cr (0, 1, 2).
func sample(p pixel.Image, channel, x, y int) *byte {
	switch {
	case p.FourCC == pixel.YUYV:
		return &p.Planes[0].Data[y*p.Planes[0].Stride+[3]int{2 * x, 4*x + 1, 4*x + 3}[channel]]
	case p.FourCC == pixel.UYVY:
		return &p.Planes[0].Data[y*p.Planes[0].Stride+[3]int{2*x + 1, 4 * x, 4*x + 2}[channel]]
	case p.FourCC == pixel.YVYU:
		return &p.Planes[0].Data[y*p.Planes[0].Stride+[3]int{2 * x, 4*x + 3, 4*x + 1}[channel]]
	case channel == 0:
		return &p.Planes[0].Data[y*p.Planes[0].Stride+x]
	case p.FourCC == pixel.NV12:
		return &p.Planes[1].Data[y*p.Planes[1].Stride+2*x+channel-1]
	case p.FourCC == pixel.NV21:
		return &p.Planes[1].Data[y*p.Planes[1].Stride+2*x+2-channel]
	case p.FourCC == pixel.YV12:
		channel = 3 - channel
		fallthrough
	default:
		return &p.Planes[channel].Data[y*p.Planes[channel].Stride+x]
	}
}

// drawYUV makes a picture from a function of position, in pixels from the upper left
// corner, that returns Y, Cb and Cr. Samples are sited midway between their pixels.
func drawYUV(f pixel.FourCC, width, height int, codes func(x, y float64) [3]float64) pixel.Image {
	p := blank(f, width, height)
	for channel := range channels(f) {
		stepX, stepY := 1, 1
		if channel > 0 {
			stepX, stepY = chromaWidth(f), chromaHeight(f)
		}
		for j := range (height + stepY - 1) / stepY {
			for i := range (width + stepX - 1) / stepX {
				v := codes((float64(i)+0.5)*float64(stepX), (float64(j)+0.5)*float64(stepY))[channel]
				*sample(p, channel, i, j) = byte(min(max(math.Round(v), 0), 255))
			}
		}
	}
	return p
}

func channels(f pixel.FourCC) int {
	if f == pixel.GREY {
		return 1
	}
	return 3
}

// noiseYUV fills every byte of a picture, padding too, at random.
func noiseYUV(f pixel.FourCC, width, height int, seed uint64) pixel.Image {
	r := rand.New(rand.NewPCG(seed, 1))
	p := blank(f, width, height)
	for _, data := range [][]byte{p.Planes[0].Data, p.Planes[1].Data, p.Planes[2].Data} {
		for i := range data {
			data[i] = byte(r.Uint32())
		}
	}
	return p
}

// toRGB converts Y, Cb and Cr to RGB in 0…255 as the standards define it, not clamped.
func toRGB(m pixel.Matrix, r pixel.Range, codes [3]float64) [3]float64 {
	kr, kb := 0.299, 0.114
	if m == pixel.BT709 {
		kr, kb = 0.2126, 0.0722
	}
	y, u, v := codes[0]/255, (codes[1]-128)/255, (codes[2]-128)/255
	if r == pixel.Limited {
		y, u, v = (codes[0]-16)/219, (codes[1]-128)/224, (codes[2]-128)/224
	}
	red, blue := y+2*(1-kr)*v, y+2*(1-kb)*u
	return [3]float64{255 * red, 255 * (y - kr*red - kb*blue) / (1 - kr - kb), 255 * blue}
}

// toYUV is the inverse of toRGB, not rounded.
func toYUV(m pixel.Matrix, r pixel.Range, rgb [3]float64) [3]float64 {
	kr, kb := 0.299, 0.114
	if m == pixel.BT709 {
		kr, kb = 0.2126, 0.0722
	}
	y := (kr*rgb[0] + (1-kr-kb)*rgb[1] + kb*rgb[2]) / 255
	u, v := (rgb[2]/255-y)/2/(1-kb), (rgb[0]/255-y)/2/(1-kr)
	if r == pixel.Limited {
		return [3]float64{16 + 219*y, 128 + 224*u, 128 + 224*v}
	}
	return [3]float64{255 * y, 128 + 255*u, 128 + 255*v}
}

// clampAndOrder clamps a pixel and puts it into the network's channel order.
func clampAndOrder(in model.Input, rgb [3]float64) []float64 {
	for c := range rgb {
		rgb[c] = min(max(rgb[c], 0), 255)
	}
	if in.Order == model.BGR {
		rgb[0], rgb[2] = rgb[2], rgb[0]
	}
	return rgb[:]
}

// weightedMean returns the weighted mean of samples of one channel.
func weightedMean(src pixel.Image, channel int, columns, rows []weightedSample) (sum float64) {
	for _, r := range rows {
		for _, c := range columns {
			sum += r.weight * c.weight * float64(*sample(src, channel, c.sample, r.sample))
		}
	}
	return sum
}

// image is RGB at full resolution, neither rounded nor clamped.
type image [][][3]float64

// upsample interpolates chroma linearly and converts every pixel to RGB.
func upsample(src pixel.Image) image {
	out := make(image, src.Height)
	for y := range out {
		out[y] = make([][3]float64, src.Width)
		for x := range out[y] {
			codes := [3]float64{float64(*sample(src, 0, x, y)), 128, 128}
			for channel := 1; channel < channels(src.FourCC); channel++ {
				codes[channel] = weightedMean(src, channel, interpolate(x, chromaWidth(src.FourCC), src.Width), interpolate(y, chromaHeight(src.FourCC), src.Height))
			}
			out[y][x] = toRGB(src.Matrix, src.Range, codes)
		}
	}
	return out
}

// interpolate returns the samples around a pixel on an axis with one sample per step
// pixels. The edge samples are repeated.
func interpolate(pixel, step, length int) []weightedSample {
	at := (float64(pixel)+0.5)/float64(step) - 0.5
	last := (length+step-1)/step - 1
	low := math.Floor(at)
	clamp := func(v float64) int { return min(max(int(v), 0), last) }
	return []weightedSample{{clamp(low), 1 - (at - low)}, {clamp(low + 1), at - low}}
}

// orient rotates the image clockwise by the given degrees, then mirrors it.
func (m image) orient(rotate int, mirror bool) image {
	for range rotate / 90 {
		height, width := len(m), len(m[0])
		rotated := make(image, width)
		for y := range rotated {
			rotated[y] = make([][3]float64, height)
			for x := range rotated[y] {
				rotated[y][x] = m[height-1-x][y]
			}
		}
		m = rotated
	}
	if mirror {
		for y := range m {
			m[y] = slices.Clone(m[y])
			slices.Reverse(m[y])
		}
	}
	return m
}

// referenceYUV preprocesses in float64, straight from the definition: convert all
// pixels to RGB, orient, resize, clamp.
func referenceYUV(in model.Input, src pixel.Image) []float64 {
	m := upsample(src).orient(src.Rotate, src.Mirror)
	w, h := scaledSize(in, len(m[0]), len(m))
	left, top := cropOffset(in, w), cropOffset(in, h)
	allColumns := triangles(len(m[0]), w, left, in.Size)
	out := make([]float64, 0, 3*in.Size*in.Size)
	for _, rows := range triangles(len(m), h, top, in.Size) {
		for _, columns := range allColumns {
			var sum [3]float64
			for _, row := range rows {
				for _, column := range columns {
					for c := range sum {
						sum[c] += row.weight * column.weight * m[row.sample][column.sample][c]
					}
				}
			}
			out = append(out, clampAndOrder(in, sum)...)
		}
	}
	return out
}

// maxError returns the largest difference.
func maxError(want []float64, got []byte) float64 {
	largest := 0.0
	for i, v := range got {
		largest = max(largest, math.Abs(want[i]-float64(v)))
	}
	return largest
}

var rules = []model.Input{
	rule(model.Squash, 24, 20, model.BGR), rule(model.Squash, 13, 9, model.RGB), rule(model.Crop, 16, 14, model.RGB), rule(model.Crop, 19, 8, model.BGR),
	rule(model.Direct, 0, 13, model.RGB), rule(model.Direct, 0, 32, model.BGR),
}

// orientations are the eight ways in which a camera can be mounted.
var orientations = []struct {
	rotate int
	mirror bool
}{{0, false}, {90, false}, {180, false}, {270, false}, {0, true}, {90, true}, {180, true}, {270, true}}

// TestYUVAgainstReference compares noise, whose colours are often out of range, of any
// size and orientation with the reference. The final rounding accounts for a
// difference of 0.5, the earlier ones for less than 0.1.
func TestYUVAgainstReference(t *testing.T) {
	sizes := [][2]int{{1, 1}, {2, 3}, {7, 5}, {16, 16}, {33, 20}, {20, 47}, {70, 48}, {1, 100}, {100, 1}, {3, 61}, {2, 2}}
	for _, f := range yuvFormats {
		t.Run(f.String(), func(t *testing.T) {
			for n, in := range rules {
				for k, s := range sizes {
					u := orientations[(n+k)%len(orientations)]
					src := noiseYUV(f, s[0], s[1], uint64(100*n+k))
					src.Rotate, src.Mirror, src.Matrix, src.Range = u.rotate, u.mirror, pixel.Matrix((n+k)%2), pixel.Range((n+k)/2%2)
					err := maxError(referenceYUV(in, src), preprocess(t, in, src))
					require.Less(t, err, 0.6, "%v %d to %d, %dx%d, %+v, %v, %v", in.Fit, in.Resize, in.Size, s[0], s[1], u, src.Matrix, src.Range)
				}
			}
		})
	}
}

// bars are the colours of the usual test picture.
var bars = [][3]float64{
	{255, 255, 255}, {255, 255, 0}, {0, 255, 255}, {0, 255, 0}, {255, 0, 255}, {255, 0, 0}, {0, 0, 255}, {0, 0, 0},
}

// TestColourBars checks the middle of each bar in every format, matrix and range:
// its colour within 1, or its luma for GREY.
func TestColourBars(t *testing.T) {
	const width, height = 160, 24
	in := rule(model.Squash, 64, 56, model.RGB)
	for _, f := range yuvFormats {
		for _, m := range []pixel.Matrix{pixel.BT601, pixel.BT709} {
			for _, r := range []pixel.Range{pixel.Limited, pixel.Full} {
				src := drawYUV(f, width, height, func(x, _ float64) [3]float64 { return toYUV(m, r, bars[int(x*8/width)]) })
				src.Matrix, src.Range = m, r
				got := preprocess(t, in, src)
				for x := range in.Size {
					bar := float64(4+x)/8 + 1./16
					if math.Abs(bar-math.Floor(bar)-0.5) > 0.25 {
						continue // near an edge
					}
					want := bars[int(bar)]
					if f == pixel.GREY {
						luma := toRGB(m, r, [3]float64{toYUV(m, r, want)[0], 128, 128})[0]
						want = [3]float64{luma, luma, luma}
					}
					for c := range 3 {
						require.InDelta(t, want[c], float64(got[3*(10*in.Size+x)+c]), 1, "%v, %v, %v, bar %d, channel %d", f, m, r, int(bar), c)
					}
				}
			}
		}
	}
}

// TestGreysStayGrey checks that neutral chroma yields three equal bytes with any
// matrix. With full range they are Y.
func TestGreysStayGrey(t *testing.T) {
	for _, m := range []pixel.Matrix{pixel.BT601, pixel.BT709} {
		for _, r := range []pixel.Range{pixel.Limited, pixel.Full} {
			src := drawYUV(pixel.NV12, 256, 2, func(x, _ float64) [3]float64 { return [3]float64{math.Floor(x), 128, 128} })
			src.Matrix, src.Range = m, r
			got := preprocess(t, rule(model.Direct, 0, 256, model.BGR), src)
			for y := range 256 {
				v, off := float64(y), 0.0
				if r == pixel.Limited {
					v, off = min(max((v-16)*255/219, 0), 255), 0.55
				}
				require.InDelta(t, v, float64(got[3*y]), off, "%v, %v, Y %d", m, r, y)
				require.Equal(t, [2]byte{got[3*y], got[3*y]}, [2]byte(got[3*y+1:]), "%v, %v, Y %d", m, r, y)
			}
		}
	}
}

// orientPlanes orients a picture plane by plane.
func orientPlanes(src pixel.Image) pixel.Image {
	transposed := src.Rotate%180 != 0
	width, height := src.Width, src.Height
	if transposed {
		width, height = height, width
	}
	out := blank(src.FourCC, width, height)
	out.Matrix, out.Range = src.Matrix, src.Range
	if src.FourCC == pixel.RGB24 || src.FourCC == pixel.BGR24 {
		orientPlane(width, height, src, func(x, y, ox, oy int) {
			copy(out.Planes[0].Data[oy*out.Planes[0].Stride+3*ox:][:3], src.Planes[0].Data[y*src.Planes[0].Stride+3*x:])
		})
		return out
	}
	for channel := range channels(src.FourCC) {
		w, h := width, height
		if channel > 0 {
			w, h = width/chromaWidth(src.FourCC), height/chromaHeight(src.FourCC)
		}
		orientPlane(w, h, src, func(x, y, ox, oy int) { *sample(out, channel, ox, oy) = *sample(src, channel, x, y) })
	}
	return out
}

// orientPlane calls move for every sample of an oriented plane of the given size.
func orientPlane(width, height int, src pixel.Image, move func(x, y, ox, oy int)) {
	for oy := range height {
		for ox := range width {
			x, y := ox, oy
			if src.Mirror {
				x = width - 1 - ox
			}
			switch src.Rotate {
			case 90:
				x, y = oy, width-1-x
			case 180:
				x, y = width-1-x, height-1-oy
			case 270:
				x, y = height-1-oy, x
			}
			move(x, y, ox, oy)
		}
	}
}

// TestOrientation compares a picture with Rotate and Mirror to one oriented before.
// The results have the same bits unless the picture is transposed: then the passes
// round in another order.
func TestOrientation(t *testing.T) {
	for _, f := range allFormats {
		for _, in := range []model.Input{rule(model.Squash, 31, 20, model.BGR), rule(model.Crop, 21, 14, model.RGB), rule(model.Direct, 0, 19, model.BGR)} {
			for n, u := range orientations {
				if u.rotate%180 != 0 && chromaHeight(f) != chromaWidth(f) {
					continue // horizontal and vertical subsampling differ; TestYUVAgainstReference rotates it
				}
				src := noiseYUV(f, 46, 34, uint64(n))
				src.Rotate, src.Mirror, src.Range = u.rotate, u.mirror, pixel.Full
				want, got := preprocess(t, in, orientPlanes(src)), preprocess(t, in, src)
				if u.rotate%180 == 0 {
					require.Equal(t, want, got, "%v, %v, %+v", f, in.Fit, u)
					continue
				}
				for i := range want {
					require.InDelta(t, want[i], got[i], 1, "%v, %v, %+v", f, in.Fit, u)
				}
			}
		}
	}
}

// TestBGR24 checks that it differs from RGB24 in the order of bytes only.
func TestBGR24(t *testing.T) {
	rgb := noise(50, 40, 5)
	bgr := draw(50, 40, func(x, y int) [3]byte {
		p := rgb.Planes[0].Data[y*rgb.Planes[0].Stride+3*x:]
		return [3]byte{p[2], p[1], p[0]}
	})
	bgr.FourCC = pixel.BGR24
	for _, order := range []model.Order{model.RGB, model.BGR} {
		in := rule(model.Crop, 20, 16, order)
		require.Equal(t, preprocess(t, in, rgb), preprocess(t, in, bgr))
	}
}

// TestYUVGolden pins all bits of a result of each format.
func TestYUVGolden(t *testing.T) {
	want := map[pixel.FourCC]uint32{pixel.YUYV: 0xed3c26ea, pixel.UYVY: 0x18be993, pixel.NV12: 0x75e3526f, pixel.NV21: 0x8b0fa95, pixel.YU12: 0xc6c5c963, pixel.GREY: 0x8ded9360, pixel.YVYU: 0x1929eb90, pixel.YV12: 0x7a090bee, pixel.YUV422P: 0x931daec8, pixel.YUV444P: 0x2a76a10}
	for _, f := range yuvFormats {
		src := noiseYUV(f, 640, 480, 7)
		src.Matrix, src.Rotate = pixel.BT709, 90
		require.Equal(t, want[f], crc32.ChecksumIEEE(preprocess(t, model.CaffeInput(), src)), "%v", f)
	}
}

// TestYUVAllocatesNothing also runs after pictures of other formats.
func TestYUVAllocatesNothing(t *testing.T) {
	in := model.CaffeInput()
	p, err := NewPreprocessor(in)
	require.NoError(t, err)
	dst := make([]int8, 3*in.Size*in.Size)
	for n, f := range allFormats {
		src := noiseYUV(f, 320, 240, 6)
		src.Rotate, src.Mirror = 90*(n%4), n%3 == 0
		require.NoError(t, p.Run(dst, src))
		require.Equal(t, preprocess(t, in, src), toBytes(dst), "%v", f)
		require.Zero(t, testing.AllocsPerRun(3, func() {
			if p.Run(dst, src) != nil {
				t.Fail()
			}
		}), "%v", f)
	}
}

// FuzzYUV compares any format, size, rule, content and orientation with the
// reference.
func FuzzYUV(f *testing.F) {
	for n := range yuvFormats {
		f.Add(uint8(n), uint8(20+n), uint8(30-n), uint8(n), uint8(16), uint8(14), uint64(n))
	}
	f.Fuzz(func(t *testing.T, format, width, height, fit, resize, size uint8, seed uint64) {
		in := rule(model.Fit(fit%3), int(resize), 1+int(size)%16, model.Order(seed%2))
		if in.Validate() != nil {
			return
		}
		src := noiseYUV(yuvFormats[int(format)%len(yuvFormats)], 1+int(width)%100, 1+int(height)%100, seed)
		u := orientations[seed/8%8]
		src.Rotate, src.Mirror, src.Matrix, src.Range = u.rotate, u.mirror, pixel.Matrix(seed/2%2), pixel.Range(seed/4%2)
		require.Less(t, maxError(referenceYUV(in, src), preprocess(t, in, src)), 0.6)
	})
}

func BenchmarkFormats(b *testing.B) {
	for _, f := range allFormats {
		b.Run(f.String(), func(b *testing.B) {
			p, err := NewPreprocessor(model.CaffeInput())
			require.NoError(b, err)
			dst, src := make([]int8, 3*227*227), noiseYUV(f, 640, 480, 1)
			b.ReportAllocs()
			for b.Loop() {
				if err := p.Run(dst, src); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
