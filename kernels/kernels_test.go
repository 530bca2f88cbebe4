package kernels

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/kernels/internal/isa"
)

// sizes are numbers of channels around the edges of every tile.
var sizes = []int{1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 48, 63, 64, 65}

// forEach runs a test with every backend that this machine has.
func forEach(t *testing.T, test func(t *testing.T, b backend)) {
	for _, s := range isa.Available() {
		t.Run(string(s), func(t *testing.T) { test(t, backendFor(s)) })
	}
}

// randomConv returns a convolution packed for b, and the same one for the plain
// loop.
func randomConv(r *rand.Rand, b backend, in, out, kernel, stride int) (c, plain *Conv) {
	weights := make([]int8, out*kernel*kernel*in)
	largest := 1 << r.IntN(8) // small accumulators take another micro-kernel
	for k := range weights {
		weights[k] = int8(r.IntN(2*largest-1) - largest + 1)
	}
	bias, m := make([]int32, out), make([]float32, out)
	for o := range bias {
		bias[o] = int32(r.IntN(1<<20) - 1<<19)
		m[o] = float32(math.Exp(r.Float64()*6 - 9))
	}
	s := ConvSpec{in, out, kernel, stride, weights, bias, m}
	return newConv(b, s), newConv(generic, s)
}

func randomMap(r *rand.Rand, height, width, channels int) Map {
	m := Map{Data: make([]int8, height*width*channels), Pixel: channels, Row: width * channels}
	for i := range m.Data {
		m.Data[i] = int8(r.IntN(256) - 128)
	}
	return m
}

// TestBlockMatchesReference compares every backend with the plain loop, on random
// shapes, writing to a range of channels of a wider map.
func TestBlockMatchesReference(t *testing.T) { forEach(t, testBlock) }

func testBlock(t *testing.T, b backend) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, kernel := range []int{1, 3, 7} {
		for range 150 {
			in, out := sizes[r.IntN(len(sizes))], sizes[r.IntN(len(sizes))]
			width, height, stride := 1+r.IntN(9), 1+r.IntN(4), 1+r.IntN(min(2, kernel))
			c, plain := randomConv(r, b, in, out, kernel, stride)
			src := randomMap(r, (height-1)*stride+kernel, (width-1)*stride+kernel, in)
			want := randomMap(r, height, width, out+5)
			got := want
			got.Data = append([]int8(nil), want.Data...)
			rows, channels := Span{r.IntN(height), height}, randomChannels(r, out)
			plain.Block(want.At(0, 0, 3), src, width, rows, channels)
			c.Block(got.At(0, 0, 3), src, width, rows, channels)
			require.Equal(t, want.Data, got.Data, "%dx%d/%d, %d to %d channels, %dx%d pixels", kernel, kernel, stride, in, out, height, width)
		}
	}
}

// TestLargeMaps: maps that do not fit the staged or gathered memory of a call, in
// one direction or both, down to windows that do not fit it at all.
func TestLargeMaps(t *testing.T) { forEach(t, testLargeMaps) }

func testLargeMaps(t *testing.T, b backend) {
	r := rand.New(rand.NewPCG(13, 14))
	for _, m := range []struct{ in, kernel, stride, width, height int }{
		{512, 1, 1, 100, 3}, {512, 1, 1, 13, 11}, {600, 3, 1, 31, 5}, {300, 3, 2, 23, 4}, {120, 7, 2, 19, 2},
		{3, 3, 2, 113, 40}, {1200, 3, 1, 16, 2}, {2000, 3, 1, 3, 2}, {6000, 1, 1, 9, 2}, {400, 15, 1, 2, 1},
	} {
		const out = 21
		c, plain := randomConv(r, b, m.in, out, m.kernel, m.stride)
		src := randomMap(r, (m.height-1)*m.stride+m.kernel, (m.width-1)*m.stride+m.kernel, m.in)
		want, got := randomMap(r, m.height, m.width, out), randomMap(r, m.height, m.width, out)
		plain.Block(want, src, m.width, Span{0, m.height}, Span{0, out})
		c.Block(got, src, m.width, Span{0, m.height}, Span{0, out})
		require.Equal(t, want.Data, got.Data, "%+v", m)
		if m.kernel == 1 {
			wantSums, gotSums := make([]int64, out), make([]int64, out)
			plain.Sums(wantSums, src, m.width, m.height, Span{0, out})
			c.Sums(gotSums, src, m.width, m.height, Span{0, out})
			require.Equal(t, wantSums, gotSums, "%+v", m)
		}
	}
}

// randomChannels returns a random range of channels, aligned to ChannelAlign.
func randomChannels(r *rand.Rand, out int) Span {
	panels := (out + ChannelAlign - 1) / ChannelAlign
	from := r.IntN(panels)
	return Span{from * ChannelAlign, min((from+1+r.IntN(panels-from))*ChannelAlign, out)}
}

// TestSumsMatchReference does the same for the fused head.
func TestSumsMatchReference(t *testing.T) { forEach(t, testSums) }

func testSums(t *testing.T, b backend) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		in, out := sizes[r.IntN(len(sizes))], sizes[r.IntN(len(sizes))]
		width, height := 1+r.IntN(9), 1+r.IntN(9)
		c, plain := randomConv(r, b, in, out, 1, 1)
		src := randomMap(r, height, width, in)
		want, got := make([]int64, out), make([]int64, out)
		from := r.IntN(out)
		channels := Span{from, from + 1 + r.IntN(out-from)}
		plain.Sums(want, src, width, height, channels)
		c.Sums(got, src, width, height, channels)
		require.Equal(t, want, got, "%d to %d channels, %dx%d pixels, channels %d to %d", in, out, height, width, channels.From, channels.To)
	}
}

// TestExtremes reaches the limits of every sum: all inputs -128 or 127, equal
// weights from -127 to 127, multipliers from tiny to huge, biases near the limits
// of an int32.
func TestExtremes(t *testing.T) { forEach(t, testExtremes) }

func testExtremes(t *testing.T, b backend) {
	for _, in := range []int{16, 512} {
		for _, x := range []int8{-128, 127} {
			// Multiples of some of them are exactly 255, the limit of a run of the
			// neon kernels; others end just below or above it.
			for _, w := range []int8{-127, -85, -64, -51, -15, 0, 1, 15, 17, 51, 64, 85, 127} {
				testExtremesOf(t, b, in, x, w)
			}
		}
	}
}

func testExtremesOf(t *testing.T, b backend, in int, x, w int8) {
	const pixels = 7
	weights, src := make([]int8, in), Map{Data: make([]int8, pixels*in), Pixel: in, Row: pixels * in}
	for k := range weights {
		weights[k] = w
	}
	for k := range src.Data {
		src.Data[k] = x
	}
	for _, m := range []float32{math.SmallestNonzeroFloat32, 1e-4, 0.01, 1, math.MaxFloat32} {
		for _, bias := range []int32{-1 << 30, -1 << 21, 0, 1 << 21, 1 << 30} {
			c := newConv(b, ConvSpec{in, 1, 1, 1, weights, []int32{bias}, []float32{m}})
			acc := int64(bias) + int64(in)*int64(w)*(int64(x)+128)
			got, want := Map{Data: make([]int8, pixels), Pixel: 1}, make([]int8, pixels)
			c.Block(got, src, pixels, Span{0, 1}, Span{0, 1})
			for p := range want {
				want[p] = int8(math.RoundToEven(math.Min(math.Max(float64(float32(float32(acc)*m)), 0), 255)) - 128)
			}
			require.Equal(t, want, got.Data, "%d times x %d, w %d, m %g, bias %d", in, x, w, m, bias)
			sums := []int64{0}
			c.Sums(sums, src, pixels, 1, Span{0, 1})
			require.Equal(t, pixels*max(acc, 0), sums[0], "sum of %d times x %d, w %d, bias %d", in, x, w, bias)
		}
	}
}

// TestRequantizeHalves checks the rounding of exact halves and of the numbers
// next to them.
func TestRequantizeHalves(t *testing.T) {
	for acc := int32(-3); acc < 600; acc++ {
		for _, m := range []float32{0.5, 0.25, math.Nextafter32(0.5, 1), math.Nextafter32(0.5, 0)} {
			want := math.RoundToEven(math.Min(math.Max(float64(float32(float32(acc)*m)), 0), 255))
			require.Equal(t, int8(want-128), Requantize(acc, m), "%d * %g", acc, m)
		}
	}
}

// TestHalves does the same for the requantization of every backend.
func TestHalves(t *testing.T) {
	forEach(t, func(t *testing.T, b backend) {
		const out = 903
		for _, m := range []float32{0.5, 0.25, math.Nextafter32(0.5, 1), math.Nextafter32(0.5, 0), 3, 60} {
			bias, multiplier := make([]int32, out), make([]float32, out)
			for o := range bias {
				bias[o], multiplier[o] = int32(o-300), m
			}
			c := newConv(b, ConvSpec{1, out, 1, 1, make([]int8, out), bias, multiplier})
			got := make([]int8, out)
			c.Block(Map{Data: got}, Map{Data: []int8{5}, Pixel: 1}, 1, Span{0, 1}, Span{0, out})
			for o, acc := range bias {
				require.Equal(t, Requantize(acc, m), got[o], "%d * %g", acc, m)
			}
		}
	})
}

// TestMaxPool compares with the definition, windows over the edge included.
func TestMaxPool(t *testing.T) { forEach(t, testMaxPool) }

func testMaxPool(t *testing.T, b backend) {
	r := rand.New(rand.NewPCG(5, 6))
	for size := 3; size < 12; size++ {
		for _, round := range []int{0, 1} {
			width := (size-3+round)/2 + 1
			channels := 1 + r.IntN(40)
			src := randomMap(r, size, size, channels)
			dst := randomMap(r, width, width, channels)
			b.maxPool(dst, src, PoolSpec{channels, size, width}, Span{0, width})
			for k, got := range dst.Data {
				y, x, c := k/channels/width, k/channels%width, k%channels
				want := int8(math.MinInt8)
				for yy := 2 * y; yy < min(2*y+3, size); yy++ {
					for xx := 2 * x; xx < min(2*x+3, size); xx++ {
						want = max(want, src.At(yy, xx, c).Data[0])
					}
				}
				require.Equal(t, want, got, "size %d, output %d,%d,%d", size, y, x, c)
			}
		}
	}
}

// TestRescaleTableEnds: code 0 stays 0 for every ratio.
func TestRescaleTableEnds(t *testing.T) {
	for _, ratio := range []float32{0, 1, 255, 1e30, float32(math.Inf(1))} {
		require.Zero(t, RescaleTable(ratio)[0], "%g", ratio)
	}
	require.Equal(t, uint8(255), RescaleTable(float32(math.Inf(1)))[1])
}

// TestAddSaturated compares the bypass with float64 arithmetic on codes.
func TestAddSaturated(t *testing.T) {
	for _, ratio := range []float32{0.3, 1, 1.7} {
		table := RescaleTable(ratio)
		for d := range 256 {
			for s := range 256 {
				dst, src := Map{Data: []int8{int8(d - 128)}}, Map{Data: []int8{int8(s - 128)}}
				AddSaturated(dst, src, table, 1, 1, Span{0, 1})
				rescaled := math.Min(math.RoundToEven(float64(float32(s)*ratio)), 255)
				require.Equal(t, int8(math.Min(float64(d)+rescaled, 255)-128), dst.Data[0], "%d + %g*%d", d, ratio, s)
			}
		}
	}
}

func BenchmarkBlock(b *testing.B) {
	for _, k := range []int{1, 3} {
		b.Run(fmt.Sprintf("%dx%d", k, k), func(b *testing.B) {
			r := rand.New(rand.NewPCG(7, 8))
			c, _ := randomConv(r, active, 64, 256, k, 1)
			src := randomMap(r, 16, 16, 64)
			dst := randomMap(r, 14, 14, 256)
			for b.Loop() {
				c.Block(dst, src, 14, Span{0, 14}, Span{0, 256})
			}
			b.ReportMetric(float64(14*14*64*256*k*k)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GMAC/s")
		})
	}
}
