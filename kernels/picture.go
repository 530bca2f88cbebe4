package kernels

// Pictures: what becomes of a camera's samples on their way to a network's
// input, in the order in which it happens. All of it is integer arithmetic,
// halves are rounded up:
//
//   - BlendRows and BlendRowPairs resize a column at a time: from rows of
//     bytes to one line of samples with 8 fraction bits.
//   - Windows resize that line to samples with 7 fraction bits.
//   - Colours turns samples of Y, U and V into the bytes of pixels.
//
// The weights of a sum add up to 1<<WeightBits, which is one, and the sum is
// exact before it is rounded once.
const (
	WeightBits = 15

	// SampleBits is the number of fraction bits of what Windows gives: 255.0
	// fits an int16.
	SampleBits = 7
	// MatrixBits is the number of fraction bits of the factors of Colours.
	MatrixBits = 13
	// ColourBits is the number of fraction bits of the sums of Colours.
	ColourBits = 5

	lineBits    = 8 // fraction bits of a line: 255.0 fits a uint16
	rowShift    = WeightBits - lineBits
	windowShift = WeightBits + lineBits - SampleBits
	partShift   = SampleBits + MatrixBits - ColourBits // what one rounding multiplication of int16 does
)

// BlendRows makes a line from as many rows as there are weights: dst[i] is
// the sum of weights[t]*src[t*stride+i].
func BlendRows(dst []uint16, src []byte, stride int, weights []uint16) {
	_ = src[(len(weights)-1)*stride+len(dst)-1]
	chosen.picture.blendRows(dst, src, stride, weights)
}

// BlendRowPairs does the same for rows in which two kinds of bytes alternate,
// and puts each kind into a line of its own. Both have the same even length.
func BlendRowPairs(even, odd []uint16, src []byte, stride int, weights []uint16) {
	_ = src[(len(weights)-1)*stride+2*len(even)-1]
	chosen.picture.blendRowPairs(even, odd[:len(even)], src, stride, weights)
}

// Windows are weighted sums along a line, one for each output position, made
// ready for the machine.
type Windows struct {
	channels int      // interleaved in the line: 1 or 2
	taps     int      // of a window
	offsets  []int32  // bytes from the line's begin to each window
	weights  []uint16 // [position][taps]
	packed   []uint16 // for vectors, [position/windowGroup][chunk][windowGroup][vectorLanes]
	chunks   int
	reach    int // uint16 of a line that vectors read
}

const (
	vectorLanes = 8 // uint16 in a vector
	windowGroup = 8 // positions side by side

	// WindowSlack is by how much a line must be longer than its last window
	// reaches, and results longer than there are positions.
	WindowSlack = vectorLanes
)

// NewWindows takes the places where windows of the given length begin in a
// line of one or two interleaved channels, and the weights of all, one window
// after the other.
func NewWindows(channels, taps int, first []int, weights []uint16) *Windows {
	w := &Windows{channels: channels, taps: taps, weights: weights}
	inVector := vectorLanes / channels
	w.chunks = (taps + inVector - 1) / inVector
	groups := (len(first) + windowGroup - 1) / windowGroup
	w.offsets = make([]int32, groups*windowGroup)
	w.packed = make([]uint16, groups*w.chunks*windowGroup*vectorLanes)
	for x, at := range first {
		w.offsets[x] = int32(2 * channels * at)
		w.reach = max(w.reach, channels*at+w.chunks*vectorLanes)
		for t, weight := range weights[x*taps : (x+1)*taps] {
			chunk := (x/windowGroup*w.chunks+t/inVector)*windowGroup + x%windowGroup
			for c := range channels {
				w.packed[chunk*vectorLanes+t%inVector*channels+c] = weight
			}
		}
	}
	return w
}

// Blend gives one sample a position, of a line of one channel: dst[x] is the
// sum of weights[x][t]*line[first[x]+t].
func (w *Windows) Blend(dst, line []uint16) { chosen.picture.blend(w, dst, line) }

// BlendPairs does the same for both channels of a line of two.
func (w *Windows) BlendPairs(even, odd, line []uint16) { chosen.picture.blendPairs(w, even, odd, line) }

// Colours is the way from samples of luma and of both chromas, here a and b,
// to the three bytes of a pixel, of which the first depends on a and the last
// on b alone:
//
//	Y*y + A[0]*a          + Bias[0]
//	Y*y + A[1]*a + B[0]*b + Bias[1]
//	Y*y          + B[1]*b + Bias[2]
//
// each product is Part's; the sum is rounded and limited to -128…127. Bias
// holds the 128 by which a stored byte is less. Red depends on V, blue on U,
// so the order of the channels is that of a and b. No sum must leave an int16.
// The assembler knows the layout.
type Colours struct {
	Y    int16    // with MatrixBits fraction bits
	A, B [2]int16 // with MatrixBits fraction bits
	Bias [3]int16 // with ColourBits fraction bits
}

// Part is the product of a factor with MatrixBits fraction bits and a sample
// with SampleBits, rounded to ColourBits.
func Part(factor int16, sample uint16) int16 {
	return int16((int32(factor)*int32(sample) + 1<<(partShift-1)) >> partShift)
}

// Convert writes the pixels of as many samples as y has.
func (c *Colours) Convert(dst []int8, y, a, b []uint16) {
	_ = dst[:3*len(y)]
	chosen.picture.convert(c, dst, y, a[:len(y)], b[:len(y)])
}

// pictureKernels are the above for one instruction set.
type pictureKernels struct {
	blendRows     func(dst []uint16, src []byte, stride int, weights []uint16)
	blendRowPairs func(even, odd []uint16, src []byte, stride int, weights []uint16)
	blend         func(w *Windows, dst, line []uint16)
	blendPairs    func(w *Windows, even, odd, line []uint16)
	convert       func(c *Colours, dst []int8, y, a, b []uint16)
}

var pictureGeneric = pictureKernels{
	blendRows:     blendRowsGeneric,
	blendRowPairs: blendRowPairsGeneric,
	blend:         blendGeneric,
	blendPairs:    blendPairsGeneric,
	convert:       convertGeneric,
}

// rowBlock bytes of the rows are summed up at a time, on the stack.
const rowBlock = 128

func blendRowsGeneric(dst []uint16, src []byte, stride int, weights []uint16) {
	for len(dst) > 0 {
		n := min(rowBlock, len(dst))
		sums := sumRows(src, stride, weights, n)
		for i := range n {
			dst[i] = roundRows(sums[i])
		}
		dst, src = dst[n:], src[n:]
	}
}

func blendRowPairsGeneric(even, odd []uint16, src []byte, stride int, weights []uint16) {
	for len(even) > 0 {
		n := min(rowBlock/2, len(even))
		sums := sumRows(src, stride, weights, 2*n)
		for i := range n {
			even[i], odd[i] = roundRows(sums[2*i]), roundRows(sums[2*i+1])
		}
		even, odd, src = even[n:], odd[n:], src[2*n:]
	}
}

// sumRows blends the first n bytes of the rows.
func sumRows(src []byte, stride int, weights []uint16, n int) (sums [rowBlock]uint32) {
	for t, weight := range weights {
		for i, v := range src[t*stride:][:n:n] {
			sums[i&(rowBlock-1)] += uint32(weight) * uint32(v)
		}
	}
	return sums
}

func roundRows(sum uint32) uint16 { return uint16((sum + 1<<(rowShift-1)) >> rowShift) }

func blendGeneric(w *Windows, dst, line []uint16) {
	for x := range len(w.weights) / w.taps {
		window := line[w.offsets[x]/2:][:w.taps]
		var sum uint32
		for t, weight := range w.weights[x*w.taps:][:len(window)] {
			sum += uint32(weight) * uint32(window[t])
		}
		dst[x] = roundWindow(sum)
	}
}

func blendPairsGeneric(w *Windows, even, odd, line []uint16) {
	for x := range len(w.weights) / w.taps {
		window := line[w.offsets[x]/2:][:2*w.taps]
		var a, b uint32
		for t, weight := range w.weights[x*w.taps:][:w.taps] {
			a += uint32(weight) * uint32(window[2*t])
			b += uint32(weight) * uint32(window[2*t+1])
		}
		even[x], odd[x] = roundWindow(a), roundWindow(b)
	}
}

func roundWindow(sum uint32) uint16 { return uint16((sum + 1<<(windowShift-1)) >> windowShift) }

func convertGeneric(c *Colours, dst []int8, y, a, b []uint16) {
	for i := range y {
		luma := Part(c.Y, y[i])
		pixel := dst[3*i : 3*i+3]
		pixel[0] = roundColour(luma + Part(c.A[0], a[i]) + c.Bias[0])
		pixel[1] = roundColour(luma + Part(c.A[1], a[i]) + Part(c.B[0], b[i]) + c.Bias[1])
		pixel[2] = roundColour(luma + Part(c.B[1], b[i]) + c.Bias[2])
	}
}

func roundColour(sum int16) int8 {
	return int8(min(max((int32(sum)+1<<(ColourBits-1))>>ColourBits, -128), 127))
}
