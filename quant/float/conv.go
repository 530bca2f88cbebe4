package float

import (
	"sync"

	"halfmeg/model"
)

// Conv is a convolution with its weights packed.
type Conv struct {
	step    model.Step
	weights *Packed
	bias    []float32

	// For inputGradient, packed by its first call.
	unpacked      []float32 // [out][kernel y][kernel x][in]
	transposeOnce sync.Once
	transposed    *Packed
}

// NewConv packs the parameters of a step.
func NewConv(s model.Step, l Layer) *Conv {
	return &Conv{step: s, weights: PackTransposed(l.Weights, s.Out, s.Kernel*s.Kernel*s.In), bias: l.Bias, unpacked: l.Weights}
}

// patchPixels is the number of output pixels that are gathered and multiplied
// at a time. A block of the weights (depthBlock) is used for all of them while it is
// cached, and the patches, at most 442 kB in v1.1, stay in the L2 cache. With 96 a
// frame took 4 % more time, with 384 as much (go test -bench Forward ./quant/float).
const patchPixels = 192

// Scratch is the working memory of one goroutine.
type Scratch struct {
	patches []float32
	packed  Packed    // patches as the right matrix of WeightGradient
	sums    []float32 // of WeightGradient, rows padded
	zeros   []float32 // of one pixel or one patch
}

// reuse returns n elements of memory, which grows as needed; old contents
// remain.
func reuse(memory *[]float32, n int) []float32 {
	if cap(*memory) < n {
		*memory = make([]float32, n)
	}
	return (*memory)[:n]
}

// Apply writes bias + weights * src to dst, without a ReLU. pad is what lies
// outside the source map, by channel; nil means zeros.
func (c *Conv) Apply(dst, src Map, pad []float32, scratch *Scratch) {
	pixels := dst.Size * dst.Size
	for at := 0; at < pixels; at += patchPixels {
		count := min(patchPixels, pixels-at)
		patches, stride := c.Patches(src, at, count, dst.Size, pad, scratch)
		out := target{dst.Data[at*dst.Stride:], dst.Stride, count}
		c.weights.mul(out, target{data: c.bias}, left{patches, stride, 1})
	}
}

// Patches returns what the kernel reads for count output pixels, from pixel
// number at of a map of side outSize on: rows of [kernel y][kernel x][in],
// stride elements apart. They are valid until the scratch memory is used again.
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

// gather copies the kernel's window with its corner at (top, left).
func gather(dst []float32, src Map, top, left, kernel int, pad []float32) {
	length := kernel * src.Channels
	contiguous := left >= 0 && left+kernel <= src.Size && src.Stride == src.Channels
	for y := top; y < top+kernel; y++ {
		row := dst[:length]
		dst = dst[length:]
		switch {
		case y < 0 || y >= src.Size:
			fill(row, pad)
		case contiguous:
			copy(row, src.Data[(y*src.Size+left)*src.Stride:])
		default:
			gatherRow(row, src, y, left, kernel, pad)
		}
	}
}

// gatherRow copies one row of a window that reaches beyond the map or whose
// pixels are not contiguous.
func gatherRow(dst []float32, src Map, y, left, kernel int, pad []float32) {
	for x := left; x < left+kernel; x++ {
		pixel := dst[:src.Channels]
		dst = dst[src.Channels:]
		if x < 0 || x >= src.Size {
			fill(pixel, pad)
		} else {
			copy(pixel, src.pixel(y, x))
		}
	}
}

// fill fills dst with repetitions of pad; nil means zeros.
func fill(dst, pad []float32) {
	if pad == nil {
		clear(dst)
		return
	}
	for len(dst) > 0 {
		dst = dst[copy(dst, pad):]
	}
}
