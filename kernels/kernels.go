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

// Conv is a convolution with square kernels, made ready for the machine.
type Conv struct {
	In, Out    int
	Kernel     int
	Stride     int
	weights    []int8    // [out][kernel y][kernel x][in]; nil where the kernel has its own
	zero       []int32   // [out], biases for codes
	bias       []int32   // [out], for bytes that are codes minus 128
	multiplier []float32 // [out]
	kernel     convKernel
}

// NewConv takes weights [out][kernel y][kernel x][in], biases for codes
// 0…255 and multipliers, one an output channel, and makes them ready. It keeps
// the slices.
func NewConv(in, out, kernel, stride int, weights []int8, bias []int32, multiplier []float32) *Conv {
	return newConv(chosen, in, out, kernel, stride, weights, bias, multiplier)
}

func newConv(i implementation, in, out, kernel, stride int, weights []int8, bias []int32, multiplier []float32) *Conv {
	c := &Conv{In: in, Out: out, Kernel: kernel, Stride: stride, weights: weights, zero: bias, multiplier: multiplier}
	c.bias = make([]int32, out)
	each := kernel * kernel * in
	for o := range c.bias {
		c.bias[o] = bias[o] + 128*sum(weights[o*each:(o+1)*each])
	}
	c.kernel = i.conv(c)
	if _, plain := c.kernel.(convGeneric); !plain {
		c.weights = nil
	}
	return c
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
	if channels.From%Panel != 0 || channels.To%Panel != 0 && channels.To != c.Out {
		panic("kernels: channels that are no whole panels")
	}
	if rows.From < rows.To && channels.From < channels.To && width > 0 {
		c.kernel.block(dst, src, width, rows, channels)
	}
}

// Sums computes the fused head for output channels from…to-1 of a 1x1
// convolution: sums[o] += the sum of max(acc, 0) over height x width pixels.
func (c *Conv) Sums(sums []int64, src Map, width, height, from, to int) {
	if from < to && width > 0 && height > 0 {
		c.kernel.sums(sums, src, width, height, from, to)
	}
}

// Zero is the accumulator of an output channel where every input is a real
// zero: its bias for codes.
func (c *Conv) Zero(o int) int32 { return c.zero[o] }

// KernelName names what computes the convolution: its tile, pixels by
// channels, and its instruction set.
func (c *Conv) KernelName() string { return c.kernel.name() }

// Bytes is the memory of the weights as they were made ready.
func (c *Conv) Bytes() int { return c.kernel.bytes() }

// MaxPool writes rows from…to-1 of the 3x3 maximum, two pixels apart, of a
// map of size x size pixels; a window that reaches over the right or lower
// edge counts what is inside.
func MaxPool(dst, src Map, channels, size, width, from, to int) {
	chosen.maxPool(dst, src, channels, size, width, from, to)
}

// AddSaturated adds to width pixels of each row from…to-1 the codes of src
// after a table has brought them to dst's scale; sums end at code 255.
func AddSaturated(dst, src Map, table *[256]uint8, channels, width, from, to int) {
	for y := from; y < to; y++ {
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
