// Package kernels is the int8 arithmetic of a network and of the pictures that
// it sees, and nothing else: no files, no networks, no goroutines. It is the
// contract that every implementation keeps to the bit:
//
//   - An activation is a code 0…255 stored as the signed byte code-128, so
//     that signed multiplications serve; the byte -128 is a real zero.
//   - A weight is a signed byte, never -128. An accumulator is an int32 that
//     starts from a bias into which 128 times the sum of the weights has been
//     folded; whoever makes the weights has proved that it cannot overflow.
//   - Requantization: code = clamp(rne(float32(acc)*m), 0, 255), stored minus
//     128. The conversion of acc to float32 and the product are each rounded
//     once, half to even; the clamp comes before rne, the rounding to an
//     integer, half to even too.
//   - The head is not requantized: it sums max(acc, 0) over the map.
//
// Maps are NHWC. There is no padding here: a convolution reads a map that
// already has its border.
package kernels

import "math"

// Map is a feature map inside a larger buffer: channel c of the pixel in row
// y and column x is Data[y*Row+x*Pixel+c].
type Map struct {
	Data  []int8
	Pixel int // bytes from a pixel to its right neighbour
	Row   int // bytes from a row to the next
}

// At is the map that begins at row y, column x and channel c of this one.
func (m Map) At(y, x, c int) Map {
	m.Data = m.Data[y*m.Row+x*m.Pixel+c:]
	return m
}

// ConvSpec describes a convolution with square filters and without padding.
type ConvSpec struct {
	In, Out int // channels
	Kernel  int // width and height of a filter
	Stride  int

	Weights    []int8    // [Out][kernel y][kernel x][In]
	Bias       []int32   // [Out], for codes 0…255
	Multiplier []float32 // [Out], from accumulators to codes
}

// Conv is a convolution whose weights are packed for the selected instruction
// set.
type Conv struct {
	zero   []int32 // [Out], ConvSpec.Bias
	packed packedConv
}

// foldedConv is a convolution as the kernels compute it, on stored bytes.
type foldedConv struct {
	ConvSpec
	bias []int32 // [Out], with 128 times the sum of the weights
}

// depth is the number of weights of an output channel.
func (c *foldedConv) depth() int { return c.Kernel * c.Kernel * c.In }

// filter is the weights of output channel o.
func (c *foldedConv) filter(o int) []int8 { return c.Weights[o*c.depth() : (o+1)*c.depth()] }

// NewConv packs a convolution. It keeps the slices.
func NewConv(s ConvSpec) *Conv { return newConv(chosen, s) }

func newConv(i implementation, s ConvSpec) *Conv {
	c := foldedConv{s, make([]int32, s.Out)}
	for o, b := range s.Bias {
		c.bias[o] = b + 128*sum(c.filter(o))
	}
	return &Conv{s.Bias, i.conv(c)}
}

func sum(weights []int8) int32 {
	var s int32
	for _, w := range weights {
		s += int32(w)
	}
	return s
}

// Span is From…To-1.
type Span struct{ From, To int }

// Panel is how many output channels every implementation can compute by
// themselves: where channels are shared out, shares begin at multiples of it.
const Panel = 16

// Block computes some rows and channels of the output, of which a row has
// width pixels. Output pixel (y, x) reads the window of src whose corner is
// (y*Stride, x*Stride). The pixels of src must lie next to each other:
// src.Pixel == In. Channels begin at a multiple of Panel and end at one or
// with the last channel.
func (c *Conv) Block(dst, src Map, width int, rows, channels Span) {
	if channels.From%Panel != 0 || channels.To%Panel != 0 && channels.To != len(c.zero) {
		panic("kernels: channels that are no whole panels")
	}
	if rows.From < rows.To && channels.From < channels.To && width > 0 {
		c.packed.block(dst, src, width, rows, channels)
	}
}

// Sums computes the fused head for some output channels of a 1x1
// convolution: sums[o] += the sum of max(acc, 0) over height x width pixels.
func (c *Conv) Sums(sums []int64, src Map, width, height int, channels Span) {
	if channels.From < channels.To && width > 0 && height > 0 {
		c.packed.sums(sums, src, width, height, channels)
	}
}

// Zero is the accumulator of an output channel where every input is a real
// zero: its bias for codes.
func (c *Conv) Zero(o int) int32 { return c.zero[o] }

// KernelName names what computes the convolution: its tile, pixels by
// channels, and its instruction set.
func (c *Conv) KernelName() string { return c.packed.name() }

// Bytes is the memory of the weights as they were made ready.
func (c *Conv) Bytes() int { return c.packed.bytes() }

// PoolSpec describes a 3x3 maximum pool of stride 2 over a square map.
type PoolSpec struct {
	Channels int
	In, Out  int // pixels along a side
}

// MaxPool computes some rows of the output. A window that reaches over the
// right or lower edge counts what is inside.
func MaxPool(dst, src Map, p PoolSpec, rows Span) { chosen.maxPool(dst, src, p, rows) }

// AddSaturated adds src to width pixels of some rows of dst, after a table has
// rescaled the codes of src to the scale of dst. Sums saturate at code 255.
func AddSaturated(dst, src Map, table *[256]uint8, channels, width int, rows Span) {
	for y := rows.From; y < rows.To; y++ {
		for x := range width {
			d, s := dst.At(y, x, 0).Data[:channels], src.At(y, x, 0).Data[:channels]
			for c := range d {
				code := int32(d[c]) + 128 + int32(table[uint8(s[c])^0x80])
				d[c] = int8(min(code, 255) - 128)
			}
		}
	}
}

// Requantize takes an accumulator to a stored byte.
func Requantize(acc int32, m float32) int8 {
	v := min(max(float32(float32(acc)*m), 0), 255)
	// 2^23 + v has no bits left for a fraction: the sum rounds half to even.
	return int8(math.Float32bits(float32(v+1<<23)) - 128)
}

// RescaleTable brings codes of one scale to another, rounded half to even:
// table[code] = clamp(rne(code*ratio), 0, 255), ratio = scale from / scale to.
func RescaleTable(ratio float32) *[256]uint8 {
	ratio = min(ratio, 256) // where code 1 saturates already; an infinite ratio would make code 0 a NaN
	var t [256]uint8
	for code := range t {
		t[code] = uint8(Requantize(int32(code), ratio)) ^ 0x80
	}
	return &t
}
