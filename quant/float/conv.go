package float

import (
	"sync"

	"halfmeg/model"
)

// Map is a square feature map, NHWC: element (y, x, c) is
// Data[(y*Size+x)*Stride+c]. Stride is larger than Channels where a map is
// one half of a concatenation.
type Map struct {
	Size     int
	Channels int
	Stride   int
	Data     []float32
}

// NewMap allocates a map of its own.
func NewMap(size, channels int) Map {
	return Map{Size: size, Channels: channels, Stride: channels, Data: make([]float32, size*size*channels)}
}

// Slice is the part of the map that holds channels from…from+channels-1.
func (m Map) Slice(from, channels int) Map {
	return Map{Size: m.Size, Channels: channels, Stride: m.Stride, Data: m.Data[from:]}
}

// Pixel is the channels of one pixel.
func (m Map) Pixel(y, x int) []float32 {
	at := (y*m.Size + x) * m.Stride
	return m.Data[at : at+m.Channels]
}

// Conv is a convolution made ready: its weights packed for the product.
type Conv struct {
	step    model.Step
	weights *Packed
	bias    []float32

	// For the gradient, made when it is first asked for.
	weightsOut    []float32 // [out][kernel y][kernel x][in]
	transposeOnce sync.Once
	transposed    *Packed
}

// NewConv packs the parameters of a step.
func NewConv(s model.Step, l Layer) *Conv {
	return &Conv{step: s, weights: PackTransposed(l.Weights, s.Out, s.Kernel*s.Kernel*s.In), bias: l.Bias, weightsOut: l.Weights}
}

// patchPixels is how many output pixels are gathered and multiplied at a
// time: enough to reuse a panel of weights from the first-level cache.
const patchPixels = 96

// Scratch is the working memory of one goroutine.
type Scratch struct {
	patches []float32
	packed  Packed    // patches as the right matrix of WeightGradient
	zeros   []float32 // a pixel of them
}

// reuse gives n elements of memory that is kept, with what was left in it.
func reuse(memory *[]float32, n int) []float32 {
	if cap(*memory) < n {
		*memory = make([]float32, n)
	}
	return (*memory)[:n]
}

// Apply writes bias + weights * src to dst, before any ReLU. pad holds each
// channel's value outside the source map; nil is zeros.
func (c *Conv) Apply(dst, src Map, pad []float32, scratch *Scratch) {
	pixels := dst.Size * dst.Size
	for at := 0; at < pixels; at += patchPixels {
		count := min(patchPixels, pixels-at)
		out := dst.Data[at*dst.Stride:]
		for i := range count {
			copy(out[i*dst.Stride:i*dst.Stride+dst.Channels], c.bias)
		}
		patches, stride := c.Patches(src, at, count, dst.Size, pad, scratch)
		c.weights.MulAdd(out, dst.Stride, patches, stride, count)
	}
}

// Patches gives what the kernel sees from count output pixels on, the first
// being number at of a map of side outSize: rows of [kernel y][kernel x][in],
// stride elements apart.
func (c *Conv) Patches(src Map, at, count, outSize int, pad []float32, scratch *Scratch) (rows []float32, stride int) {
	s := c.step
	if s.Kernel == 1 && s.Pad == 0 {
		return src.Data[at*src.Stride:], src.Stride
	}
	stride = s.Kernel * s.Kernel * s.In
	rows = reuse(&scratch.patches, count*stride)
	for i := range count {
		y, x := (at+i)/outSize*s.Stride-s.Pad, (at+i)%outSize*s.Stride-s.Pad
		gather(rows[i*stride:(i+1)*stride], src, y, x, s.Kernel, pad)
	}
	return rows, stride
}

// gather copies the kernel's window whose corner is (top, left).
func gather(dst []float32, src Map, top, left, kernel int, pad []float32) {
	run := kernel * src.Channels
	whole := left >= 0 && left+kernel <= src.Size && src.Stride == src.Channels
	for y := top; y < top+kernel; y++ {
		row := dst[:run]
		dst = dst[run:]
		switch {
		case y < 0 || y >= src.Size:
			fill(row, pad)
		case whole:
			copy(row, src.Data[(y*src.Size+left)*src.Stride:])
		default:
			gatherRow(row, src, y, left, kernel, pad)
		}
	}
}

// gatherRow copies a row of the window pixel by pixel.
func gatherRow(dst []float32, src Map, y, left, kernel int, pad []float32) {
	for x := left; x < left+kernel; x++ {
		pixel := dst[:src.Channels]
		dst = dst[src.Channels:]
		if x < 0 || x >= src.Size {
			fill(pixel, pad)
		} else {
			copy(pixel, src.Pixel(y, x))
		}
	}
}

// fill repeats pad over dst; nil is zeros.
func fill(dst, pad []float32) {
	if pad == nil {
		clear(dst)
		return
	}
	for len(dst) > 0 {
		dst = dst[copy(dst, pad):]
	}
}

// ReLU sets what is negative to zero.
func ReLU(m Map) {
	for i := range m.Size * m.Size {
		relu(m.Data[i*m.Stride : i*m.Stride+m.Channels])
	}
}

// MaxPool writes the largest value of each 3x3 window, two pixels apart;
// windows that reach over the edge (ceil mode) count what is inside.
func MaxPool(dst, src Map) {
	length := (src.Size-1)*src.Stride + src.Channels
	row := Map{Size: src.Size, Channels: src.Channels, Stride: src.Stride, Data: make([]float32, length)}
	for y := range dst.Size {
		top := y * model.PoolStride
		copy(row.Data, src.Data[top*src.Size*src.Stride:])
		for below := top + 1; below < min(top+model.PoolKernel, src.Size); below++ {
			maxInto(row.Data, src.Data[below*src.Size*src.Stride:])
		}
		for x := range dst.Size {
			left := x * model.PoolStride
			copy(dst.Pixel(y, x), row.Pixel(0, left))
			for beside := left + 1; beside < min(left+model.PoolKernel, src.Size); beside++ {
				maxInto(dst.Pixel(y, x), row.Pixel(0, beside))
			}
		}
	}
}

// Average is the mean of each channel over the map.
func Average(dst []float32, src Map) {
	var sums [64]float64 // of some channels at a time, so that memory is read along
	pixels := src.Size * src.Size
	for from := 0; from < len(dst); from += len(sums) {
		part := dst[from:min(from+len(sums), len(dst))]
		clear(sums[:])
		for i := range pixels {
			for c, v := range src.Data[i*src.Stride+from:][:len(part)] {
				sums[c] += float64(v)
			}
		}
		for c := range part {
			part[c] = float32(sums[c] / float64(pixels))
		}
	}
}

// Sums is the sum of each channel over the map.
func (m Map) Sums() []float32 {
	sums := make([]float32, m.Channels)
	for i := range m.Size * m.Size {
		for c, v := range m.Data[i*m.Stride : i*m.Stride+m.Channels] {
			sums[c] += v
		}
	}
	return sums
}
