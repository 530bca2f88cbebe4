//go:build !noasm

package kernels

// neon is the tiling for every arm64, and tuned for cores without SDOT: the
// Cortex-A53 and Cortex-A72 of the Raspberry Pi 3 and 4.
var neon = tiling{pixels: 3, channels: neonChannels, chunk: stepDepth}

const (
	// stepDepth is the number of k of a step of the micro-kernel. Each int16
	// lane accumulates two products: with |w| <= 127 they always fit.
	stepDepth = 16

	neonChannels = 4 // output channels of a tile

	// maxRunSum bounds the sum of |w| in each lane of a run: 128 times it must
	// stay below 2^15.
	maxRunSum = 255
)

// neonConv is a convolution packed for NEON, by 16 k:
// [panel][packedDepth/16][4][16], padded with zeros. Another 16 k follow, which
// the assembly reads ahead.
//
// Products are accumulated in int16 as long as no input can make them overflow:
// a run. Then they are added to the int32 accumulators. So small weights make a
// network faster, and a large one costs one more run of its panel.
type neonConv struct {
	tiledConv
	runs     []run // [panel][…]
	firstRun []int // [panel]
}

// run is a number of steps whose products can be accumulated in int16, and what
// follows them.
type run struct{ steps, follows uint16 }

// Values of run.follows. The assembly tests only windowBit for the end of the
// window.
const (
	windowBit     = 1
	followsRow    = 0              // the same row of the window continues
	followsNext   = 1              // the next row of the window
	followsWindow = 1 << windowBit // the next window
)

func packNEON(c foldedConv) packedConv {
	shared, ok := newTiled(c, neon)
	if !ok {
		return packGeneric(c)
	}
	p := &neonConv{tiledConv: shared}
	p.packed = make([]int8, len(p.bias)*p.packedDepth+stepDepth*neon.channels)
	p.packFilters()
	p.planRuns()
	p.Weights = nil
	return p
}

// planRuns splits every row of the packed windows into runs.
func (c *neonConv) planRuns() {
	rows, length := c.window()
	row := length * c.channels // packed bytes
	for panel := 0; panel < len(c.bias)*c.packedDepth; panel += rows * row {
		c.firstRun = append(c.firstRun, len(c.runs))
		for at := panel; at < panel+rows*row; at += row {
			c.runs = append(c.runs, splitRuns(c.packed[at:at+row])...)
		}
		c.runs[len(c.runs)-1].follows = followsWindow
	}
	c.runs = append(c.runs, run{}) // read ahead
}

// splitRuns splits a row of a packed panel, [step][4][2][8], into the longest possible
// runs. A lane of the kernel is a byte of a word here: its sum of |w| is at most maxRunSum
// as long as the byte does not overflow.
func splitRuns(row []int8) (runs []run) {
	var sums [neonChannels]uint64 // of |w| in each lane of the run
	for ; len(row) > 0; row = row[stepDepth*neonChannels:] {
		var step [neonChannels]uint64
		var overflow uint64
		for c := range step {
			weights := row[c*stepDepth : (c+1)*stepDepth]
			step[c] = magnitudes(weights[:8]) + magnitudes(weights[8:])
			overflow |= carries(sums[c], step[c])
		}
		if len(runs) == 0 || overflow != 0 {
			runs = append(runs, run{})
			sums = step
		} else {
			for c := range sums {
				sums[c] += step[c]
			}
		}
		runs[len(runs)-1].steps++
	}
	runs[len(runs)-1].follows = followsNext
	return runs
}

// signs has the sign bit of each byte.
const signs = 0x8080808080808080

// magnitudes returns |w| of eight weights, one in each byte.
func magnitudes(w []int8) uint64 {
	_ = w[7]
	x := uint64(uint8(w[0])) | uint64(uint8(w[1]))<<8 | uint64(uint8(w[2]))<<16 | uint64(uint8(w[3]))<<24 |
		uint64(uint8(w[4]))<<32 | uint64(uint8(w[5]))<<40 | uint64(uint8(w[6]))<<48 | uint64(uint8(w[7]))<<56
	negative := x & signs >> 7 // 1 in the bytes of negative weights
	return x ^ negative*0xff + negative
}

// carries returns the sign bit of each byte in which a+b overflows.
func carries(a, b uint64) uint64 {
	sum := a&^signs + b&^signs ^ (a^b)&signs // bytewise, without carries between bytes
	return (a&b | (a|b)&^sum) & signs
}

func (c *neonConv) name() string { return c.nameFor("neon") }

// block computes a single pixel in plain Go: the assembly reads 16 bytes past
// windows, which must belong to the window of another pixel.
func (c *neonConv) block(dst, src Map, width int, rows, channels Span) {
	if width*(rows.To-rows.From) > 1 {
		c.computeBlock(c, dst, src, width, rows, channels)
		return
	}
	y := rows.From
	pixel := dst.At(y, 0, 0).Data
	for o := channels.From; o < channels.To; o++ {
		pixel[o] = Requantize(c.accumulatePacked(src.At(y*c.Stride, 0, 0), o), c.Multiplier[o])
	}
}

func (c *neonConv) sums(sums []int64, src Map, width, height int, channels Span) {
	if width*height > 1 {
		c.computeSums(c, sums, src, width, height, channels)
		return
	}
	for o := channels.From; o < channels.To; o++ {
		sums[o] += int64(max(c.accumulatePacked(src, o), 0))
	}
}

// accumulatePacked returns the accumulator of output channel o for the window
// that starts at the map's first byte.
func (c *neonConv) accumulatePacked(window Map, o int) int32 {
	acc := c.foldedConv.bias[o]
	panel := c.packedPanel(o)
	at, left := o%c.channels*stepDepth, stepDepth // the next weight, and contiguous weights left
	for y := range c.Kernel {
		for _, v := range window.Data[y*window.Row:][:c.Kernel*c.In] {
			acc += int32(v) * int32(panel[at])
			at++
			if left--; left == 0 {
				at, left = at+(c.channels-1)*stepDepth, stepDepth
			}
		}
	}
	return acc
}

// prepareRuns adds the runs to the description of a call.
func (c *neonConv) prepareRuns(t *tileArgs, panel, row int) {
	_, length := c.window()
	t.runs = &c.runs[c.firstRun[panel]]
	t.advance = [...]int{
		followsRow:    0,
		followsNext:   t.skip,
		followsWindow: -length - (t.rows-1)*row,
	}
}

func (c *neonConv) callCodes(t *tileArgs) {
	if c.mantissa != nil {
		tile3x4MantissaNEON(t)
	} else {
		tile3x4NEON(t)
	}
}

// tile3x4NEON writes the codes of the given tiles.
//
//go:noescape
func tile3x4NEON(t *tileArgs)

// tile3x4MantissaNEON does the same for accumulators that fit a mantissa.
//
//go:noescape
func tile3x4MantissaNEON(t *tileArgs)

// sums3x4NEON adds max(accumulator, 0) of the given tiles to the sums of the head.
//
//go:noescape
func sums3x4NEON(t *tileArgs)
