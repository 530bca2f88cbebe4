package kernels

// The neon version is for every arm64, above all for the Cortex-A53 and
// Cortex-A72, which lack SDOT. Its weights are packed by 16 k,
// [panel][depth/16][4][16], filled up with zeros and with 16 k more, which the
// assembler reads ahead.
//
// Products are added up in int16, eight k side by side, for as long as no
// input can make them overflow: a run. Then they go to the int32 accumulators.
// Small weights therefore make a network faster, and a large one costs one
// more run of its panel, no more.
var neon = tiling{pixels: 3, channels: 4, chunk: pairBytes}

const (
	// pairBytes of a window, two times eight k, are a step of the assembler:
	// two products of |w| <= 127 always fit an int16.
	pairBytes = 16

	// mostInRun bounds the sum of |w| in each lane of a run, for 128 times it
	// must stay below 2^15.
	mostInRun = 255
)

// What follows a run: more of the same row of the window, the next row, or
// the end of the window.
const (
	windowBit     = 1
	runGoesOn     = 0
	runEndsRow    = 1
	runEndsWindow = 1 << windowBit
)

// tile3x4NEON writes the codes of the tile's pixels.
//
//go:noescape
func tile3x4NEON(t *tile)

// tile3x4SmallNEON is the same, faster, for small accumulators.
//
//go:noescape
func tile3x4SmallNEON(t *tile)

// sums3x4NEON adds the tile's accumulators to the sums of the head.
//
//go:noescape
func sums3x4NEON(t *tile)

func packNEON(c foldedConv) packedConv {
	p := newTiled(c, neon)
	if p == nil {
		return convGeneric{c}
	}
	p.packed = make([]int8, len(p.bias)*p.depth+pairBytes*neon.channels)
	for o := range c.Out {
		panel := p.packed[p.panel(o)*p.depth*p.channels:]
		for k, w := range c.filter(o) {
			panel[(k/pairBytes*p.channels+o%p.channels)*pairBytes+k%pairBytes] = w
		}
	}
	rows := c.Kernel
	if p.gather {
		rows = 1
	}
	row := p.depth * p.channels / rows
	for panel := 0; panel < len(p.bias)*p.depth; panel += rows * row {
		p.firstRun = append(p.firstRun, len(p.runs))
		for at := panel; at < panel+rows*row; at += row {
			p.runs = append(p.runs, runsOf(p.packed[at:at+row])...)
		}
		p.runs[len(p.runs)-1].follows = runEndsWindow
	}
	p.runs = append(p.runs, run{}) // read ahead
	p.Weights = nil
	return p
}

// accumulateNEON is one output channel's sum over the window that begins at
// the map's first byte, in plain Go: for a single pixel, behind which there is
// no other one to read from.
func (c *convTiled) accumulateNEON(window Map, o int) int32 {
	acc := c.foldedConv.bias[o]
	panel := c.packed[c.panel(o)*c.depth*c.channels:]
	at, left := o%c.channels*pairBytes, pairBytes // where the next weight is, and how many lie there
	for y := range c.Kernel {
		for _, v := range window.Data[y*window.Row:][:c.Kernel*c.In] {
			acc += int32(v) * int32(panel[at])
			at++
			if left--; left == 0 {
				at, left = at+(c.channels-1)*pairBytes, pairBytes
			}
		}
	}
	return acc
}

// run is some pairs that can be added up in int16.
type run struct{ pairs, follows uint16 }

// runsOf cuts a row of a packed panel, [pair][4][2][8], into runs.
func runsOf(row []int8) (runs []run) {
	const lanes = 8
	var sums [mostChannels * lanes]int
	for ; len(row) > 0; row = row[pairBytes*neon.channels:] {
		fits := len(runs) > 0
		pair := [len(sums)]int{}
		for i, w := range row[:pairBytes*neon.channels] {
			lane := i/pairBytes*lanes + i%lanes
			pair[lane] += max(int(w), -int(w))
			fits = fits && sums[lane]+pair[lane] <= mostInRun
		}
		if !fits {
			runs = append(runs, run{})
			clear(sums[:])
		}
		runs[len(runs)-1].pairs++
		for lane := range sums {
			sums[lane] += pair[lane]
		}
	}
	runs[len(runs)-1].follows = runEndsRow
	return runs
}
