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
	allFormats = []pixel.FourCC{pixel.RGB24, pixel.BGR24, pixel.YUYV, pixel.UYVY, pixel.NV12, pixel.NV21, pixel.YU12, pixel.GREY}
	yuvFormats = []pixel.FourCC{pixel.YUYV, pixel.UYVY, pixel.NV12, pixel.NV21, pixel.YU12, pixel.GREY}
)

// chromaRows is how many rows share a row of chroma samples; of a row two
// pixels share one.
func chromaRows(f pixel.FourCC) int {
	if f == pixel.YUYV || f == pixel.UYVY {
		return 1
	}
	return 2
}

// blank is a picture in its own memory, with rows that are longer than they
// must be.
func blank(f pixel.FourCC, width, height int) pixel.Image {
	chroma := func(row int) pixel.Plane {
		return pixel.Plane{Data: make([]byte, (row+5)*((height+1)/2)), Stride: row + 5}
	}
	pairs := (width + 1) / 2
	p := pixel.Image{FourCC: f, Width: width, Height: height, Range: pixel.Limited}
	switch f {
	case pixel.RGB24, pixel.BGR24:
		p.Planes[0].Stride = 3*width + 3
	case pixel.YUYV, pixel.UYVY:
		p.Planes[0].Stride = 4*pairs + 4
	case pixel.NV12, pixel.NV21:
		p.Planes[0].Stride, p.Planes[1] = width+3, chroma(2*pairs)
	case pixel.YU12:
		p.Planes[0].Stride, p.Planes[1], p.Planes[2] = width+3, chroma(pairs), chroma(pairs)
	case pixel.GREY:
		p.Planes[0].Stride = width + 3
	}
	p.Planes[0].Data = make([]byte, p.Planes[0].Stride*height)
	return p
}

// place is where sample (x, y) of Y, U or V (0, 1, 2) lies.
func place(p pixel.Image, channel, x, y int) *byte {
	switch {
	case p.FourCC == pixel.YUYV:
		return &p.Planes[0].Data[y*p.Planes[0].Stride+[3]int{2 * x, 4*x + 1, 4*x + 3}[channel]]
	case p.FourCC == pixel.UYVY:
		return &p.Planes[0].Data[y*p.Planes[0].Stride+[3]int{2*x + 1, 4 * x, 4*x + 2}[channel]]
	case channel == 0:
		return &p.Planes[0].Data[y*p.Planes[0].Stride+x]
	case p.FourCC == pixel.NV12:
		return &p.Planes[1].Data[y*p.Planes[1].Stride+2*x+channel-1]
	case p.FourCC == pixel.NV21:
		return &p.Planes[1].Data[y*p.Planes[1].Stride+2*x+2-channel]
	default:
		return &p.Planes[channel].Data[y*p.Planes[channel].Stride+x]
	}
}

// paint makes a picture of codes (Y, U, V) that depend on the place, in pixels
// from the upper left corner; samples lie in the middle of their pixels.
func paint(f pixel.FourCC, width, height int, codes func(x, y float64) [3]float64) pixel.Image {
	p := blank(f, width, height)
	for channel := range channels(f) {
		stepX, stepY := 1, 1
		if channel > 0 {
			stepX, stepY = 2, chromaRows(f)
		}
		for j := range (height + stepY - 1) / stepY {
			for i := range (width + stepX - 1) / stepX {
				v := codes((float64(i)+0.5)*float64(stepX), (float64(j)+0.5)*float64(stepY))[channel]
				*place(p, channel, i, j) = byte(min(max(math.Round(v), 0), 255))
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

// rubbish fills every byte of a picture at random.
func rubbish(f pixel.FourCC, width, height int, seed uint64) pixel.Image {
	r := rand.New(rand.NewPCG(seed, 1))
	p := blank(f, width, height)
	for _, data := range [][]byte{p.Planes[0].Data, p.Planes[1].Data, p.Planes[2].Data} {
		for i := range data {
			data[i] = byte(r.Uint32())
		}
	}
	return p
}

// toRGB is the standards' own way from codes to colours of 0…255, not limited.
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

// toYUV is the reverse, not rounded.
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

// ordered is a pixel as the network wants it, limited but not rounded.
func ordered(in model.Input, rgb [3]float64) []float64 {
	for c := range rgb {
		rgb[c] = min(max(rgb[c], 0), 255)
	}
	if in.Order == model.BGR {
		rgb[0], rgb[2] = rgb[2], rgb[0]
	}
	return rgb[:]
}

// blend is the weighted mean of samples of one channel.
func blend(src pixel.Image, channel int, columns, rows []weighed) (sum float64) {
	for _, r := range rows {
		for _, c := range columns {
			sum += r.weight * c.weight * float64(*place(src, channel, c.sample, r.sample))
		}
	}
	return sum
}

// image is a picture at full resolution whose colours are neither rounded nor
// limited.
type image [][][3]float64

// upsample brings chroma to every pixel, linearly between the samples, and
// then every pixel to its colour.
func upsample(src pixel.Image) image {
	out := make(image, src.Height)
	for y := range out {
		out[y] = make([][3]float64, src.Width)
		for x := range out[y] {
			codes := [3]float64{float64(*place(src, 0, x, y)), 128, 128}
			for channel := 1; channel < channels(src.FourCC); channel++ {
				codes[channel] = blend(src, channel, between(x, 2, src.Width), between(y, chromaRows(src.FourCC), src.Height))
			}
			out[y][x] = toRGB(src.Matrix, src.Range, codes)
		}
	}
	return out
}

// between weighs the samples around a pixel, one for every step pixels; there
// are none beyond the edge.
func between(pixel, step, length int) []weighed {
	at := (float64(pixel)+0.5)/float64(step) - 0.5
	last := (length+step-1)/step - 1
	low := math.Floor(at)
	clamp := func(v float64) int { return min(max(int(v), 0), last) }
	return []weighed{{clamp(low), 1 - (at - low)}, {clamp(low + 1), at - low}}
}

// turned is the image clockwise by so many degrees, then mirrored.
func (m image) turned(rotate int, mirror bool) image {
	for range rotate / 90 {
		height, width := len(m), len(m[0])
		turned := make(image, width)
		for y := range turned {
			turned[y] = make([][3]float64, height)
			for x := range turned[y] {
				turned[y][x] = m[height-1-x][y]
			}
		}
		m = turned
	}
	if mirror {
		for y := range m {
			m[y] = slices.Clone(m[y])
			slices.Reverse(m[y])
		}
	}
	return m
}

// obvious is the slow way that everybody would take: all pixels to colours,
// the picture upright, then the resize, and the limits last.
func obvious(in model.Input, src pixel.Image) []float64 {
	m := upsample(src).turned(src.Rotate, src.Mirror)
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
			out = append(out, ordered(in, sum)...)
		}
	}
	return out
}

// furthest is the largest difference.
func furthest(want []float64, got []byte) float64 {
	most := 0.0
	for i, v := range got {
		most = max(most, math.Abs(want[i]-float64(v)))
	}
	return most
}

var rules = []model.Input{
	rule(model.Squash, 24, 20, model.BGR), rule(model.Squash, 13, 9, model.RGB), rule(model.Crop, 16, 14, model.RGB), rule(model.Crop, 19, 8, model.BGR),
	rule(model.Direct, 0, 13, model.RGB), rule(model.Direct, 0, 32, model.BGR),
}

// upright are the eight ways in which a camera can be mounted.
var upright = []struct {
	rotate int
	mirror bool
}{{0, false}, {90, false}, {180, false}, {270, false}, {0, true}, {90, true}, {180, true}, {270, true}}

// TestYUVAgainstObvious: for any content, however saturated, of any size and
// turned in any way, the result is that of the obvious way but for rounding:
// half a code in the end, and less than a tenth for what is rounded before.
func TestYUVAgainstObvious(t *testing.T) {
	sizes := [][2]int{{1, 1}, {2, 3}, {7, 5}, {16, 16}, {33, 20}, {20, 47}, {70, 48}, {1, 100}, {100, 1}, {3, 61}, {2, 2}}
	for _, f := range yuvFormats {
		t.Run(f.String(), func(t *testing.T) {
			for n, in := range rules {
				for k, s := range sizes {
					u := upright[(n+k)%len(upright)]
					src := rubbish(f, s[0], s[1], uint64(100*n+k))
					src.Rotate, src.Mirror, src.Matrix, src.Range = u.rotate, u.mirror, pixel.Matrix((n+k)%2), pixel.Range((n+k)/2%2)
					off := furthest(obvious(in, src), preprocess(t, in, src))
					require.Less(t, off, 0.6, "%v %d to %d, %dx%d, %+v, %v, %v", in.Fit, in.Resize, in.Size, s[0], s[1], u, src.Matrix, src.Range)
				}
			}
		})
	}
}

// bars are the colours of the test picture that everybody knows.
var bars = [][3]float64{
	{255, 255, 255}, {255, 255, 0}, {0, 255, 255}, {0, 255, 0}, {255, 0, 255}, {255, 0, 0}, {0, 0, 255}, {0, 0, 0},
}

// TestColourBars: in the middle of each bar every format, matrix and range
// gives its colour within one code; GREY gives its luma.
func TestColourBars(t *testing.T) {
	const width, height = 160, 24
	in := rule(model.Squash, 64, 56, model.RGB)
	for _, f := range yuvFormats {
		for _, m := range []pixel.Matrix{pixel.BT601, pixel.BT709} {
			for _, r := range []pixel.Range{pixel.Limited, pixel.Full} {
				src := paint(f, width, height, func(x, _ float64) [3]float64 { return toYUV(m, r, bars[int(x*8/width)]) })
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

// TestGreysStayGrey: whatever the matrix, Y without colour gives three equal
// bytes; with full range they are Y.
func TestGreysStayGrey(t *testing.T) {
	for _, m := range []pixel.Matrix{pixel.BT601, pixel.BT709} {
		for _, r := range []pixel.Range{pixel.Limited, pixel.Full} {
			src := paint(pixel.NV12, 256, 2, func(x, _ float64) [3]float64 { return [3]float64{math.Floor(x), 128, 128} })
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

// byHand turns a picture of a format whose planes can be turned one by one.
func byHand(src pixel.Image) pixel.Image {
	quarter := src.Rotate%180 != 0
	width, height := src.Width, src.Height
	if quarter {
		width, height = height, width
	}
	out := blank(src.FourCC, width, height)
	out.Matrix, out.Range = src.Matrix, src.Range
	if src.FourCC == pixel.RGB24 || src.FourCC == pixel.BGR24 {
		turnPlane(width, height, src, func(x, y, ox, oy int) {
			copy(out.Planes[0].Data[oy*out.Planes[0].Stride+3*ox:][:3], src.Planes[0].Data[y*src.Planes[0].Stride+3*x:])
		})
		return out
	}
	for channel := range channels(src.FourCC) {
		w, h := width, height
		if channel > 0 {
			w, h = width/2, height/chromaRows(src.FourCC)
		}
		turnPlane(w, h, src, func(x, y, ox, oy int) { *place(out, channel, ox, oy) = *place(src, channel, x, y) })
	}
	return out
}

// turnPlane calls move for every sample of an upright plane of this size.
func turnPlane(width, height int, src pixel.Image, move func(x, y, ox, oy int)) {
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

// TestUprightByHand: a picture that says how it must be turned gives what the
// turned picture gives: to the bit as long as rows stay rows, otherwise within
// one code, for the two passes round in another order.
func TestUprightByHand(t *testing.T) {
	for _, f := range allFormats {
		for _, in := range []model.Input{rule(model.Squash, 31, 20, model.BGR), rule(model.Crop, 21, 14, model.RGB), rule(model.Direct, 0, 19, model.BGR)} {
			for n, u := range upright {
				if u.rotate%180 != 0 && (f == pixel.YUYV || f == pixel.UYVY) {
					continue // has no columns of chroma like its rows; TestYUVAgainstObvious turns it
				}
				src := rubbish(f, 46, 34, uint64(n))
				src.Rotate, src.Mirror, src.Range = u.rotate, u.mirror, pixel.Full
				want, got := preprocess(t, in, byHand(src)), preprocess(t, in, src)
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

// TestBGR24IsRGB24: the two differ in nothing but the order of bytes.
func TestBGR24IsRGB24(t *testing.T) {
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

// TestYUVSameBits pins every bit of a result of each format.
func TestYUVSameBits(t *testing.T) {
	want := map[pixel.FourCC]uint32{pixel.YUYV: 0xed3c26ea, pixel.UYVY: 0x18be993, pixel.NV12: 0x75e3526f, pixel.NV21: 0x8b0fa95, pixel.YU12: 0xc6c5c963, pixel.GREY: 0x8ded9360}
	for _, f := range yuvFormats {
		src := rubbish(f, 640, 480, 7)
		src.Matrix, src.Rotate = pixel.BT709, 90
		require.Equal(t, want[f], crc32.ChecksumIEEE(preprocess(t, model.CaffeInput(), src)), "%v", f)
	}
}

// TestYUVAllocatesNothing in any format, and what was seen before changes
// nothing.
func TestYUVAllocatesNothing(t *testing.T) {
	in := model.CaffeInput()
	p, err := NewPreprocessor(in)
	require.NoError(t, err)
	dst := make([]int8, 3*in.Size*in.Size)
	for n, f := range allFormats {
		src := rubbish(f, 320, 240, 6)
		src.Rotate, src.Mirror = 90*(n%4), n%3 == 0
		require.NoError(t, p.Run(dst, src))
		require.Equal(t, preprocess(t, in, src), plain(dst), "%v", f)
		require.Zero(t, testing.AllocsPerRun(3, func() {
			if p.Run(dst, src) != nil {
				t.Fail()
			}
		}), "%v", f)
	}
}

// FuzzYUV compares with the obvious way for any format, size, rule, content
// and mounting.
func FuzzYUV(f *testing.F) {
	for n := range yuvFormats {
		f.Add(uint8(n), uint8(20+n), uint8(30-n), uint8(n), uint8(16), uint8(14), uint64(n))
	}
	f.Fuzz(func(t *testing.T, format, width, height, fit, resize, size uint8, seed uint64) {
		in := rule(model.Fit(fit%3), int(resize), 1+int(size)%16, model.Order(seed%2))
		if in.Validate() != nil {
			return
		}
		src := rubbish(yuvFormats[int(format)%len(yuvFormats)], 1+int(width)%100, 1+int(height)%100, seed)
		u := upright[seed/8%8]
		src.Rotate, src.Mirror, src.Matrix, src.Range = u.rotate, u.mirror, pixel.Matrix(seed/2%2), pixel.Range(seed/4%2)
		require.Less(t, furthest(obvious(in, src), preprocess(t, in, src)), 0.6)
	})
}

func BenchmarkPrepare(b *testing.B) {
	for _, f := range allFormats {
		b.Run(f.String(), func(b *testing.B) {
			p, err := NewPreprocessor(model.CaffeInput())
			require.NoError(b, err)
			dst, src := make([]int8, 3*227*227), rubbish(f, 640, 480, 1)
			b.ReportAllocs()
			for b.Loop() {
				if err := p.Run(dst, src); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
