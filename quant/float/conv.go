package float

import (
	"iter"
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
	c.apply(dst, src, pad, false, scratch)
}

// apply is Apply, and the ReLU of each block of pixels while it is in the cache.
func (c *Conv) apply(dst, src Map, pad []float32, relu bool, scratch *Scratch) {
	pixels := dst.Size * dst.Size
	for at := 0; at < pixels; at += patchPixels {
		count := min(patchPixels, pixels-at)
		patches, stride := c.Patches(src, at, count, dst.Size, pad, scratch)
		out := target{dst.Data[at*dst.Stride:], dst.Stride, count}
		c.weights.mul(out, target{data: c.bias}, Left{patches, stride, 1})
		if relu {
			reluRuns(out.data, out.stride, dst.Channels, count)
		}
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
	for w := range spans(at, count, outSize) {
		top, left := w.y*s.Stride-s.Pad, w.x*s.Stride-s.Pad
		for ky := range s.Kernel {
			windows := rows[w.at*stride+ky*s.Kernel*s.In:]
			c.gather(windows, stride, src, top+ky, left, w.count, pad)
		}
	}
	return rows, stride
}

// packPatches packs count rows of Patches, from row number at on.
func (c *Conv) packPatches(src Map, at, count int, pad []float32, scratch *Scratch) {
	s, rows := c.step, &scratch.packed
	rows.reshape(count, s.Kernel*s.Kernel*s.In)
	if s.Kernel == 1 || s.In%tileColumns != 0 || pad != nil {
		rows.setRows(c.Patches(src, at, count, s.OutSize, pad, scratch))
		return
	}
	// The channels of a pixel fill whole panels: an intermediate copy is not needed.
	for w := range spans(at, count, s.OutSize) {
		for j := 0; j < rows.columns; j += tileColumns {
			panel := rows.data[j*count+w.at*tileColumns:][:w.count*tileColumns]
			c.packColumns(panel, src, w, j)
		}
	}
}

// packColumns packs the columns from j on of the patches of one row of pixels.
func (c *Conv) packColumns(panel []float32, src Map, w span, j int) {
	s := c.step
	tap, channel := j/s.In, j%s.In
	y, left := w.y*s.Stride-s.Pad+tap/s.Kernel, w.x*s.Stride-s.Pad+tap%s.Kernel
	from, to := 0, 0 // pixels within the map
	if y >= 0 && y < src.Size {
		from, to = inside(left, s.Stride, w.count, src.Size)
	}
	clear(panel[:from*tileColumns])
	clear(panel[to*tileColumns:])
	if from < to {
		at := (y*src.Size+left+from*s.Stride)*src.Stride + channel
		copyRuns(panel[from*tileColumns:], tileColumns, src.Data[at:], s.Stride*src.Stride, tileColumns, to-from)
	}
}

// span is some pixels of one row of a map.
type span struct {
	at    int // number of pixels in earlier spans
	y, x  int // of the first pixel
	count int
}

// spans splits count pixels of a map, from pixel number first on, by row.
func spans(first, count, size int) iter.Seq[span] {
	return func(yield func(span) bool) {
		for i := 0; i < count; {
			s := span{i, (first + i) / size, (first + i) % size, 0}
			s.count = min(count-i, size-s.x)
			if !yield(s) {
				return
			}
			i += s.count
		}
	}
}

// gather copies row y of the source map in count windows of the kernel, the first
// of which starts in column left. Windows start ldd elements apart in dst.
func (c *Conv) gather(dst []float32, ldd int, src Map, y, left, count int, pad []float32) {
	s, from, to := c.step, 0, 0 // windows [from, to) are contiguous in the map
	if y >= 0 && y < src.Size && src.Stride == src.Channels {
		from, to = inside(left, s.Stride, count, src.Size-s.Kernel+1)
	}
	if from < to {
		at := (y*src.Size + left + from*s.Stride) * src.Stride
		copyRuns(dst[from*ldd:], ldd, src.Data[at:], s.Stride*src.Stride, s.Kernel*src.Channels, to-from)
	}
	for i := range count {
		if i < from || i >= to {
			gatherRow(dst[i*ldd:], src, y, left+i*s.Stride, s.Kernel, pad)
		}
	}
}

// inside returns the range of numbers i below count for which left + i*step is in
// [0, end).
func inside(left, step, count, end int) (from, to int) {
	from = min(count, (max(-left, 0)+step-1)/step)
	return from, max(from, min(count, (end-left+step-1)/step))
}

// gatherRow copies one row of a window that reaches beyond the map or whose
// pixels are not contiguous.
func gatherRow(dst []float32, src Map, y, left, kernel int, pad []float32) {
	for x := left; x < left+kernel; x++ {
		pixel := dst[:src.Channels]
		dst = dst[src.Channels:]
		if y < 0 || y >= src.Size || x < 0 || x >= src.Size {
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
