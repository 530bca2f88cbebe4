package kernels

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

// packedConv is a convolution packed for one instruction set.
type packedConv interface {
	// block is Conv.Block for at least one row, one pixel and one channel.
	block(dst, src Map, width int, rows, channels Span)
	// sums is Conv.Sums for at least one pixel and one channel.
	sums(sums []int64, src Map, width, height int, channels Span)
	name() string
	bytes() int
}

// NewConv packs a convolution. It keeps the slices.
func NewConv(s ConvSpec) *Conv { return newConv(active, s) }

func newConv(b backend, s ConvSpec) *Conv { return &Conv{s.Bias, b.pack(fold(s))} }

// ChannelAlign is the granularity at which callers may split output channels: a
// multiple of every panel's number of channels.
const ChannelAlign = 16

// Block computes a range of rows and channels of the output; an output row has width
// pixels. Output pixel (y, x) reads the window of src whose top left corner is
// (y*Stride, x*Stride). The pixels of src must be contiguous: src.Pixel == In.
// The channels start at a multiple of ChannelAlign, and end at one or with the
// last channel.
func (c *Conv) Block(dst, src Map, width int, rows, channels Span) {
	if channels.From%ChannelAlign != 0 || channels.To%ChannelAlign != 0 && channels.To != len(c.zero) {
		panic("kernels: Block needs whole panels of channels")
	}
	if rows.From < rows.To && channels.From < channels.To && width > 0 {
		c.packed.block(dst, src, width, rows, channels)
	}
}

// Sums computes the fused head for a range of output channels of a 1x1
// convolution: sums[o] += the sum of max(acc, 0) over width x height pixels.
func (c *Conv) Sums(sums []int64, src Map, width, height int, channels Span) {
	if channels.From < channels.To && width > 0 && height > 0 {
		c.packed.sums(sums, src, width, height, channels)
	}
}

// Zero returns the accumulator of output channel o for inputs that are all real
// zeros: the bias for codes.
func (c *Conv) Zero(o int) int32 { return c.zero[o] }

// KernelName names the micro-kernel: its tile, pixels by channels, and its
// instruction set.
func (c *Conv) KernelName() string { return c.packed.name() }

// Bytes returns the size of the packed weights.
func (c *Conv) Bytes() int { return c.packed.bytes() }

// foldedConv is a convolution on stored bytes: its biases make up for the -128
// of the inputs.
type foldedConv struct {
	ConvSpec
	bias []int32 // [Out], ConvSpec.Bias + 128 * the sum of the weights
}

func fold(s ConvSpec) foldedConv {
	c := foldedConv{s, make([]int32, s.Out)}
	for o, b := range s.Bias {
		for _, w := range c.filter(o) {
			b += 128 * int32(w)
		}
		c.bias[o] = b
	}
	return c
}

// depth returns the number of weights of an output channel.
func (c *foldedConv) depth() int { return c.Kernel * c.Kernel * c.In }

// filter returns the weights of output channel o.
func (c *foldedConv) filter(o int) []int8 { return c.Weights[o*c.depth() : (o+1)*c.depth()] }
