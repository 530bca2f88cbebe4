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
const patchPixels = 64

// Scratch is the working memory of one goroutine.
type Scratch struct{ patches []float32 }

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
	if len(scratch.patches) < count*stride {
		scratch.patches = make([]float32, patchPixels*stride)
	}
	for i := range count {
		y, x := (at+i)/outSize*s.Stride-s.Pad, (at+i)%outSize*s.Stride-s.Pad
		gather(scratch.patches[i*stride:(i+1)*stride], src, y, x, s.Kernel, pad)
	}
	return scratch.patches, stride
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
		pixel := m.Data[i*m.Stride : i*m.Stride+m.Channels]
		for c, v := range pixel {
			pixel[c] = max(v, 0)
		}
	}
}

// MaxPool writes the largest value of each 3x3 window, two pixels apart;
// windows that reach over the edge (ceil mode) count what is inside.
func MaxPool(dst, src Map) {
	for y := range dst.Size {
		for x := range dst.Size {
			maxWindow(dst.Pixel(y, x), src, y*model.PoolStride, x*model.PoolStride)
		}
	}
}

func maxWindow(dst []float32, src Map, top, left int) {
	copy(dst, src.Pixel(top, left))
	for y := top; y < min(top+model.PoolKernel, src.Size); y++ {
		for x := left; x < min(left+model.PoolKernel, src.Size); x++ {
			for c, v := range src.Pixel(y, x) {
				dst[c] = max(dst[c], v)
			}
		}
	}
}

// Average is the mean of each channel over the map.
func Average(dst []float32, src Map) {
	pixels := src.Size * src.Size
	for c := range dst {
		var sum float64
		for i := range pixels {
			sum += float64(src.Data[i*src.Stride+c])
		}
		dst[c] = float32(sum / float64(pixels))
	}
}
