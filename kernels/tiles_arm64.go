package kernels

import "fmt"

// tiling is how an implementation for arm64 cuts a convolution up: tiles of
// some output pixels by panels of some output channels, which the assembler
// computes in registers for the whole depth of their windows.
type tiling struct {
	pixels   int // of a tile
	channels int // of a panel
	chunk    int // bytes: those of a pixel must be a multiple, or windows are copied together
}

const (
	// mostPixels and mostChannels are those of the largest tile.
	mostPixels, mostChannels = 4, 16

	// blockBytes of weights stay in the first cache, twice as large at least,
	// while all pixels pass: so each weight is fetched once a frame, and a
	// call of the assembler is short.
	blockBytes = 16 << 10

	// blockChannels and callPixels are computed in a call at most.
	blockChannels = 256
	callPixels    = 112

	// callProducts, too, bound a call: a goroutine cannot be interrupted in it,
	// and a Cortex-A53 should be done within a millisecond.
	callProducts = 2 << 20

	// patchBytes of copied windows stay in the first cache too; copySlack is
	// how far a copy by 16 bytes may reach over its end.
	patchBytes = 8 << 10
	copySlack  = 16
)

// tile describes one call of the assembler: some tiles of pixels by some
// panels. The call advances src and dst to the last tile.
type tile struct {
	src        [mostPixels]*int8 // first bytes of the windows
	dst        [mostPixels]*int8 // where the bytes of the first panel go
	srcStep    int               // bytes from a tile's windows to the next one's
	dstStep    int
	tiles      int
	weights    *int8    // packed, panel by panel
	bias       *int32   // [panels][channels]
	multiplier *float32 // [panels][channels]
	offset     *float32 // [panels][channels], where accumulators are small
	sums       *int64   // [panels][channels]
	panels     int
	count      int // pixels of a tile that are summed, the last ones

	rows int // of a window
	skip int // bytes from the end of a row of a window to the next

	// What there is in a row of a window, for dotprod,
	blocks int // of 16 bytes
	groups int // of four bytes after them

	// and for neon.
	runs    *run   // [panels][…]
	advance [3]int // bytes, by what follows a run
}

// gatherNEON copies the rows of windows behind each other; windows begin step
// bytes apart, their copies depth bytes. It reads and writes up to 15 bytes
// beyond each row.
//
//go:noescape
func gatherNEON(patch, src *int8, windows, step, rows, row, run, depth int)

// convTiled is a convolution packed for tiles.
type convTiled struct {
	foldedConv
	tiling
	depth      int       // packed weights of an output channel
	gather     bool      // windows are copied together
	panels     int       // that stay in the first cache
	most       int       // tiles in a call
	packed     []int8    // weights, as the implementation wants them
	bias       []int32   // [panel][channels]
	multiplier []float32 // [panel][channels]
	small      *small    // nil where accumulators may be large
	runs       []run     // [panel][…], for neon only
	firstRun   []int     // [panel]
}

// newTiled plans a convolution, whose weights are still to be packed. It is
// nil for windows that would have to be copied and are too long for that.
func newTiled(c foldedConv, t tiling) *convTiled {
	row := c.Kernel * c.In
	depth := (c.Kernel*row + t.chunk - 1) / t.chunk * t.chunk
	gather := c.In%t.chunk != 0
	if gather && depth*t.pixels > patchBytes {
		return nil
	}
	channels := (c.Out + t.channels - 1) / t.channels * t.channels
	p := &convTiled{
		foldedConv: c,
		tiling:     t,
		depth:      depth,
		gather:     gather,
		panels:     min(max(1, blockBytes/(depth*t.channels)), blockChannels/t.channels),
		bias:       make([]int32, channels),
		multiplier: make([]float32, channels),
	}
	p.most = min(callPixels, max(t.pixels, callProducts/(depth*t.channels*p.panels))) / t.pixels
	if gather {
		p.most = min(p.most, patchBytes/(depth*t.pixels))
	}
	copy(p.bias, c.bias)
	copy(p.multiplier, c.Multiplier)
	if accumulatorsAreSmall(&c) {
		p.small = newSmall(p.bias, p.multiplier)
	}
	return p
}

func (c *convTiled) name() string {
	family := "dotprod"
	if c.runs != nil {
		family = "neon"
	}
	if c.small != nil {
		family = "small " + family
	}
	return fmt.Sprintf("%dx%d %s", c.pixels, c.channels, family)
}

func (c *convTiled) bytes() int { return len(c.packed) }

// panel is the number of the panel that channel o is in.
func (c *convTiled) panel(o int) int { return o / c.channels }

func (c *convTiled) block(dst, src Map, width int, rows, channels Span) {
	if c.runs != nil && width*(rows.To-rows.From) == 1 {
		y := rows.From
		pixel := dst.At(y, 0, 0).Data
		for o := channels.From; o < channels.To; o++ {
			pixel[o] = Requantize(c.accumulateNEON(src.At(y*c.Stride, 0, 0), o), c.Multiplier[o])
		}
		return
	}
	w := c.walk(dst, src, width, rows)
	whole := c.panel(channels.To)
	for p := c.panel(channels.From); p < whole; p += c.panels {
		t := c.codesTile(p, min(c.panels, whole-p), src.Row)
		c.codes(t, dst.Data[p*c.channels:], src, w)
	}
	if whole*c.channels < channels.To {
		c.lastCodes(dst.Data[whole*c.channels:], src, w)
	}
}

// codes computes all pixels of some panels.
func (c *convTiled) codes(t tile, dst []int8, src Map, w walk) {
	var patch patch
	var at [mostPixels]position
	t.dstStep = c.pixels * w.dst.step
	for w.left() > 0 {
		t.tiles = w.next(at[:c.pixels], c.most)
		for i := range c.pixels {
			t.dst[i] = &dst[at[i].dst]
		}
		t.src, t.srcStep = c.windows(t.tiles, src, &at, &patch)
		c.runCodes(&t)
	}
}

// lastCodes computes all pixels of the last panel, whose channels end before
// the panel does.
func (c *convTiled) lastCodes(dst []int8, src Map, w walk) {
	var patch patch
	var at [mostPixels]position
	var codes [mostPixels][mostChannels]int8
	t := c.codesTile(c.panel(c.Out), 1, src.Row)
	for i := range codes {
		t.dst[i] = &codes[i][0]
	}
	for w.left() > 0 {
		t.tiles = w.next(at[:c.pixels], 1)
		t.src, t.srcStep = c.windows(t.tiles, src, &at, &patch)
		c.runCodes(&t)
		for i := range c.pixels {
			copy(dst[at[i].dst:], codes[i][:c.Out%c.channels])
		}
	}
}

func (c *convTiled) sums(sums []int64, src Map, width, height int, channels Span) {
	if c.runs != nil && width*height == 1 {
		for o := channels.From; o < channels.To; o++ {
			sums[o] += int64(max(c.accumulateNEON(src, o), 0))
		}
		return
	}
	w := c.walk(Map{}, src, width, Span{0, height})
	var each [blockChannels]int64
	for p := c.panel(channels.From); p*c.channels < channels.To; p += c.panels {
		clear(each[:])
		panels := min(c.panels, c.panel(channels.To-1)+1-p)
		t := c.tile(p, panels, src.Row)
		t.sums = &each[0]
		c.addSums(t, src, w)
		first := p * c.channels
		for o := max(first, channels.From); o < min(first+panels*c.channels, channels.To); o++ {
			sums[o] += each[o-first]
		}
	}
}

// addSums adds all pixels of some panels.
func (c *convTiled) addSums(t tile, src Map, w walk) {
	var patch patch
	var at [mostPixels]position
	for w.left() > 0 {
		t.count = min(w.left(), c.pixels)
		t.tiles = w.next(at[:c.pixels], c.most)
		t.src, t.srcStep = c.windows(t.tiles, src, &at, &patch)
		c.runSums(&t)
	}
}

// runCodes writes the codes of the tile's pixels.
func (c *convTiled) runCodes(t *tile) {
	switch {
	case c.runs != nil && c.small != nil:
		tile3x4SmallNEON(t)
	case c.runs != nil:
		tile3x4NEON(t)
	case c.small != nil:
		tile4x16SmallDotprod(t)
	default:
		tile4x16Dotprod(t)
	}
}

// runSums adds the tile's accumulators to the sums of the head.
func (c *convTiled) runSums(t *tile) {
	if c.runs != nil {
		sums3x4NEON(t)
	} else {
		sums4x16Dotprod(t)
	}
}

// tile describes what all tiles of some panels have in common.
func (c *convTiled) tile(panel, panels, row int) tile {
	t := tile{
		weights:    &c.packed[panel*c.depth*c.channels],
		bias:       &c.bias[panel*c.channels],
		multiplier: &c.multiplier[panel*c.channels],
		panels:     panels,
	}
	rows, length := c.Kernel, c.Kernel*c.In
	if c.gather {
		rows, length = 1, c.depth
	}
	t.rows, t.blocks, t.groups, t.skip = rows, length/16, length%16/4, row-length
	if c.runs != nil {
		t.runs = &c.runs[c.firstRun[panel]]
		t.advance = [...]int{
			runGoesOn:     0,
			runEndsRow:    t.skip,
			runEndsWindow: -length - (rows-1)*row,
		}
	}
	return t
}

// codesTile is the same for tiles whose accumulators become codes.
func (c *convTiled) codesTile(panel, panels, row int) tile {
	t := c.tile(panel, panels, row)
	if c.small != nil {
		t.bias, t.offset = &c.small.bias[panel*c.channels], &c.small.offset[panel*c.channels]
	}
	return t
}

// patch holds the windows of tiles behind each other.
type patch [patchBytes + copySlack]int8

// windows are the first bytes of the first tile's windows, in the map or in
// copies of them, and the bytes from a tile's windows to the next one's. They
// are returned, not stored, for what is stored through a pointer is allocated.
func (c *convTiled) windows(tiles int, src Map, at *[mostPixels]position, patch *patch) (first [mostPixels]*int8, step int) {
	if c.gather {
		c.copyWindows(tiles, src, at, patch)
		for i := range c.pixels {
			first[i] = &patch[i*c.depth]
		}
		return first, c.pixels * c.depth
	}
	for i := range c.pixels {
		first[i] = &src.Data[at[i].src]
	}
	return first, c.pixels * c.Stride * src.Pixel
}

// copyWindows copies the windows of tiles behind each other.
func (c *convTiled) copyWindows(tiles int, src Map, at *[mostPixels]position, patch *patch) {
	run, step := c.Kernel*c.In, c.Stride*src.Pixel
	last := at[c.pixels-1].src + (tiles-1)*c.pixels*step
	inside := last+(c.Kernel-1)*src.Row+run+copySlack <= len(src.Data)
	if tiles > 1 && inside {
		gatherNEON(&patch[0], &src.Data[at[0].src], tiles*c.pixels, step, c.Kernel, src.Row, run, c.depth)
		return
	}
	for i := range tiles * c.pixels {
		from := at[i%c.pixels].src + i/c.pixels*c.pixels*step
		if inside {
			gatherNEON(&patch[i*c.depth], &src.Data[from], 1, step, c.Kernel, src.Row, run, c.depth)
			continue
		}
		for y := range c.Kernel {
			copy(patch[i*c.depth+y*run:], src.Data[from+y*src.Row:][:run])
		}
	}
}

// position is where a pixel's window and its output begin.
type position struct{ src, dst int }

// steps are the bytes from a pixel to its neighbours.
type steps struct{ row, step int }

// walk goes over the pixels of some rows, from left to right.
type walk struct {
	first    position
	src, dst steps
	width    int
	pixels   int
	done     int
}

// walk goes over some rows. It panics unless all of their windows and outputs
// are inside of the maps, for the assembler does not look. Without outputs dst
// is empty.
func (c *convTiled) walk(dst, src Map, width int, rows Span) walk {
	row, step := c.Stride*src.Row, c.Stride*src.Pixel
	_ = src.Data[(rows.To-1)*row+(width-1)*step+(c.Kernel-1)*src.Row+c.Kernel*c.In-1]
	if dst.Data != nil {
		_ = dst.Data[(rows.To-1)*dst.Row+(width-1)*dst.Pixel+c.Out-1]
	}
	return walk{
		first:  position{rows.From * row, rows.From * dst.Row},
		src:    steps{row, step},
		dst:    steps{dst.Row, dst.Pixel},
		width:  width,
		pixels: (rows.To - rows.From) * width,
	}
}

// left is how many pixels are still to come.
func (w *walk) left() int { return w.pixels - w.done }

// next gives the pixels of the first of the tiles that follow and how many
// tiles these are: all in one row, up to most, or one that goes on in the
// next row. The last tile ends with the last pixel, so it may begin with some
// that are done already, or with the first pixel several times.
func (w *walk) next(at []position, most int) int {
	from := min(w.done, w.pixels-len(at))
	tiles := max(1, min((w.width-from%w.width)/len(at), most))
	for i := range at {
		at[i] = w.at(max(0, from+i))
	}
	w.done = from + tiles*len(at)
	return tiles
}

func (w *walk) at(pixel int) position {
	y, x := pixel/w.width, pixel%w.width
	return position{
		w.first.src + y*w.src.row + x*w.src.step,
		w.first.dst + y*w.dst.row + x*w.dst.step,
	}
}
