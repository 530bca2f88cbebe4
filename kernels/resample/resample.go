package resample

import "halfmeg/kernels/internal/isa"

const (
	// TapBits is the number of fraction bits of a tap. A tap of one is 1<<15
	// and fits a uint16.
	TapBits = 15
	// SampleBits is the number of fraction bits of a sample: 255.0 fits an
	// int16.
	SampleBits = 7
	// FactorBits is the number of fraction bits of a factor of a Matrix.
	FactorBits = 13
	// SumBits is the number of fraction bits of a sum of a Matrix.
	SumBits = 5

	lineBits        = 8 // fraction bits of a line: 255.0 fits a uint16
	verticalShift   = TapBits - lineBits
	horizontalShift = TapBits + lineBits - SampleBits
	productShift    = SampleBits + FactorBits - SumBits // 15, because SQRDMULH computes the product
)

// backend is the kernels for one instruction set.
type backend struct {
	vertical      func(dst []uint16, src []byte, stride int, taps []uint16)
	verticalPairs func(even, odd []uint16, src []byte, stride int, taps []uint16)
	filter        func(f *Filter, dst, line []uint16)
	filterPairs   func(f *Filter, even, odd, line []uint16)
	convert       func(m *Matrix, dst []int8, y, a, b []uint16)
}

var (
	selected, _ = isa.Selected() // kernels.InstructionSet reports the error

	// active is the backend used by the process.
	active = backendFor(selected)
)

// Vertical is the vertical pass: dst[i] is the sum of taps[t]*src[t*stride+i].
func Vertical(dst []uint16, src []byte, stride int, taps []uint16) {
	_ = src[(len(taps)-1)*stride+len(dst)-1]
	active.vertical(dst, src, stride, taps)
}

// VerticalPairs is the vertical pass over rows in which two kinds of bytes
// alternate. It writes the even and the odd bytes to lines of the same length.
func VerticalPairs(even, odd []uint16, src []byte, stride int, taps []uint16) {
	_ = src[(len(taps)-1)*stride+2*len(even)-1]
	active.verticalPairs(even, odd[:len(even)], src, stride, taps)
}

// Filter is the horizontal pass. Each output position reads a window of the
// line, with taps of its own.
type Filter struct {
	channels int      // interleaved in the line: 1 or 2
	window   int      // taps of an output position
	offsets  []int32  // bytes from the start of the line to each window
	taps     []uint16 // [position][window]
	packed   []uint16 // for vectors, [position/groupSize][chunk][groupSize][vectorLanes]
	chunks   int      // vectors of a window
	reach    int      // uint16 of a line that vectors read
}

const (
	vectorLanes = 8 // uint16 of a vector
	groupSize   = 8 // positions that are computed together

	// Slack is the number of uint16 that a line must have after its last
	// window, and the results after the last position.
	Slack = vectorLanes
)

// NewFilter packs the taps of a horizontal pass over lines of one or two
// interleaved channels. Output position x reads a window of the given length
// that starts at first[x]; taps holds the windows one after the other.
func NewFilter(channels, window int, first []int, taps []uint16) *Filter {
	f := &Filter{channels: channels, window: window, taps: taps}
	perVector := vectorLanes / channels
	f.chunks = (window + perVector - 1) / perVector
	groups := (len(first) + groupSize - 1) / groupSize
	f.offsets = make([]int32, groups*groupSize)
	f.packed = make([]uint16, groups*f.chunks*groupSize*vectorLanes)
	for x, at := range first {
		f.offsets[x] = int32(2 * channels * at)
		f.reach = max(f.reach, channels*at+f.chunks*vectorLanes)
		for t, tap := range taps[x*window : (x+1)*window] {
			chunk := (x/groupSize*f.chunks+t/perVector)*groupSize + x%groupSize
			for c := range channels {
				f.packed[chunk*vectorLanes+t%perVector*channels+c] = tap
			}
		}
	}
	return f
}

// Apply filters a line of one channel: dst[x] is the sum of
// taps[x][t]*line[first[x]+t].
func (f *Filter) Apply(dst, line []uint16) { active.filter(f, dst, line) }

// ApplyPairs filters both channels of a line of two.
func (f *Filter) ApplyPairs(even, odd, line []uint16) { active.filterPairs(f, even, odd, line) }

// Matrix converts samples of Y, Cb and Cr to pixels of three bytes. The first
// byte does not depend on the second chroma sample, b, nor the last one on the
// first, a:
//
//	Y*y + A[0]*a          + Bias[0]
//	Y*y + A[1]*a + B[0]*b + Bias[1]
//	Y*y          + B[1]*b + Bias[2]
//
// Products are those of Product. The sum must fit an int16; it is rounded and
// clamped to -128…127. Bias includes the -128 of a stored byte. Red depends on
// Cr and blue on Cb, so a is Cr for RGB and Cb for BGR.
//
// The assembly depends on the layout.
type Matrix struct {
	Y    int16    // FactorBits fraction bits
	A, B [2]int16 // FactorBits fraction bits
	Bias [3]int16 // SumBits fraction bits
}

// Product returns a factor times a sample, rounded to SumBits fraction bits.
func Product(factor int16, sample uint16) int16 {
	return int16((int32(factor)*int32(sample) + 1<<(productShift-1)) >> productShift)
}

// Convert writes one pixel for each sample of y.
func (m *Matrix) Convert(dst []int8, y, a, b []uint16) {
	_ = dst[:3*len(y)]
	active.convert(m, dst, y, a[:len(y)], b[:len(y)])
}
