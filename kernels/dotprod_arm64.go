package kernels

// The dotprod version is for cores with SDOT, from the Cortex-A76 of the
// Raspberry Pi 5 on. It computes tiles of tilePixels output pixels by panels
// of panelChannels output channels, whose weights are packed by fours of k:
// [panel][depth/4][16][4], filled up with zeros.
const (
	tilePixels    = 4
	panelChannels = 16

	// blockBytes of weights stay in the first cache, twice as large at least,
	// while all pixels pass: so each weight is fetched once a frame, and a
	// call of the assembler is short.
	blockBytes = 16 << 10

	// maxBlock panels and maxTiles tiles are computed in a call at most.
	maxBlock = 16
	maxTiles = 28

	// maxPatch is the longest window that is copied together, and copySlack
	// how far a copy by 16 bytes may reach over its end.
	maxPatch  = 2048
	copySlack = 16
)

// dotprodTile describes one call of the assembler: some tiles of four pixels
// by some panels. The call advances src and dst to the last tile.
type dotprodTile struct {
	src        [tilePixels]*int8 // first bytes of the windows
	dst        [tilePixels]*int8 // where 16 bytes of the first panel go
	srcStep    int               // bytes from a tile's windows to the next one's
	dstStep    int
	tiles      int
	weights    *int8    // [panels][depth/4][16][4]
	bias       *int32   // [panels][16]
	multiplier *float32 // [panels][16]
	offset     *float32 // [panels][16], where accumulators are small
	sums       *int64   // [panels][16]
	panels     int
	rows       int // of a window
	blocks     int // of 16 bytes in a row of a window
	groups     int // of four bytes after them
	skip       int // bytes from the end of a row of a window to the next
	count      int // pixels of a tile that are summed
}

// tile4x16Dotprod writes the codes of the tile's pixels.
//
//go:noescape
func tile4x16Dotprod(t *dotprodTile)

// tile4x16SmallDotprod is the same, faster, for small accumulators.
//
//go:noescape
func tile4x16SmallDotprod(t *dotprodTile)

// sums4x16Dotprod adds the tile's accumulators to the sums of the head.
//
//go:noescape
func sums4x16Dotprod(t *dotprodTile)

// gatherNEON copies the rows of windows behind each other; windows begin step
// bytes apart, their copies depth bytes. It reads and writes up to 15 bytes
// beyond each row.
//
//go:noescape
func gatherNEON(patch, src *int8, windows, step, rows, row, run, depth int)

// convDotprod is a convolution packed for the dotprod version.
type convDotprod struct {
	*Conv
	depth      int       // packed weights of an output channel
	gather     bool      // windows are copied together, for their rows are no multiple of four bytes
	block      int       // panels that stay in the first cache
	most       int       // tiles in a call
	panels     []int8    // [panel][depth/4][16][4]
	bias       []int32   // [panel][16]
	multiplier []float32 // [panel][16]
	small      *small    // nil where accumulators may be large
}

// packDotprod makes a convolution ready; the plain loop must serve a window
// that is too long to be copied.
func packDotprod(c *Conv) convKernel {
	run := c.Kernel * c.In
	each := c.Kernel * run
	depth := (each + 3) &^ 3
	gather := run%4 != 0
	if gather && depth > maxPatch {
		return convGeneric{c}
	}
	panels := (c.Out + panelChannels - 1) / panelChannels
	p := &convDotprod{
		Conv:       c,
		depth:      depth,
		gather:     gather,
		block:      min(max(1, blockBytes/(depth*panelChannels)), maxBlock),
		most:       maxTiles,
		panels:     make([]int8, panels*depth*panelChannels),
		bias:       make([]int32, panels*panelChannels),
		multiplier: make([]float32, panels*panelChannels),
	}
	if gather {
		p.most = min(maxTiles, maxPatch/depth)
	}
	copy(p.bias, c.bias)
	copy(p.multiplier, c.multiplier)
	if accumulatorsAreSmall(c) {
		p.small = newSmall(p.bias, p.multiplier)
	}
	for o := range c.Out {
		panel := p.panels[o/panelChannels*depth*panelChannels:]
		for k, w := range c.weights[o*each : (o+1)*each] {
			panel[(k/4*panelChannels+o%panelChannels)*4+k%4] = w
		}
	}
	return p
}

func (c *convDotprod) rows(dst, src Map, width, from, to int) {
	w := c.walk(dst, src, width, from, to)
	whole := c.Out / panelChannels
	for p := 0; p < whole; p += c.block {
		t := c.codesTile(p, min(c.block, whole-p), src.Row)
		c.codes(t, dst.Data[p*panelChannels:], src, w)
	}
	if whole*panelChannels < c.Out {
		c.lastCodes(dst.Data[whole*panelChannels:], src, w)
	}
}

// codes computes all pixels of some panels.
func (c *convDotprod) codes(t dotprodTile, dst []int8, src Map, w walk) {
	var patch patch
	t.dstStep = tilePixels * w.dstStep
	for w.left > 0 {
		var at [tilePixels]position
		t.tiles = w.next(&at, c.most)
		for i := range at {
			t.dst[i] = &dst[at[i].dst]
		}
		t.src, t.srcStep = c.windows(t.tiles, src, &at, &patch)
		c.run(&t)
	}
}

// run writes the codes of the tile's pixels.
func (c *convDotprod) run(t *dotprodTile) {
	if c.small != nil {
		tile4x16SmallDotprod(t)
	} else {
		tile4x16Dotprod(t)
	}
}

// lastCodes computes all pixels of the last panel, whose channels end before
// the panel does.
func (c *convDotprod) lastCodes(dst []int8, src Map, w walk) {
	var patch patch
	var codes [tilePixels][panelChannels]int8
	t := c.codesTile(c.Out/panelChannels, 1, src.Row)
	for i := range codes {
		t.dst[i] = &codes[i][0]
	}
	for w.left > 0 {
		var at [tilePixels]position
		t.tiles = w.next(&at, 1)
		t.src, t.srcStep = c.windows(t.tiles, src, &at, &patch)
		c.run(&t)
		for i := range at {
			copy(dst[at[i].dst:], codes[i][:c.Out%panelChannels])
		}
	}
}

func (c *convDotprod) sums(sums []int64, src Map, width, height, from, to int) {
	w := c.walk(Map{}, src, width, 0, height)
	var each [maxBlock * panelChannels]int64
	for o := from / panelChannels * panelChannels; o < to; o += c.block * panelChannels {
		p := o / panelChannels
		clear(each[:])
		t := c.tile(p, min(c.block, (to-o+panelChannels-1)/panelChannels), src.Row)
		t.sums = &each[0]
		c.addSums(t, src, w)
		for j := max(o, from); j < min(o+c.block*panelChannels, to); j++ {
			sums[j] += each[j-o]
		}
	}
}

// addSums adds all pixels of some panels.
func (c *convDotprod) addSums(t dotprodTile, src Map, w walk) {
	var patch patch
	for w.left > 0 {
		var at [tilePixels]position
		t.count = min(w.left, tilePixels)
		t.tiles = w.next(&at, c.most)
		t.src, t.srcStep = c.windows(t.tiles, src, &at, &patch)
		sums4x16Dotprod(&t)
	}
}

// tile describes what all tiles of some panels have in common.
func (c *convDotprod) tile(panel, panels, row int) dotprodTile {
	t := dotprodTile{
		weights:    &c.panels[panel*c.depth*panelChannels],
		bias:       &c.bias[panel*panelChannels],
		multiplier: &c.multiplier[panel*panelChannels],
		panels:     panels,
	}
	if run := c.Kernel * c.In; c.gather {
		t.rows, t.blocks, t.groups = 1, c.depth/16, c.depth%16/4
	} else {
		t.rows, t.blocks, t.groups, t.skip = c.Kernel, run/16, run%16/4, row-run
	}
	return t
}

// codesTile is the same for tiles whose accumulators become codes.
func (c *convDotprod) codesTile(panel, panels, row int) dotprodTile {
	t := c.tile(panel, panels, row)
	if c.small != nil {
		t.bias, t.offset = &c.small.bias[panel*panelChannels], &c.small.offset[panel*panelChannels]
	}
	return t
}

// patch holds the windows of a tile behind each other.
type patch [tilePixels*maxPatch + copySlack]int8

// windows are the first bytes of the first tile's windows, in the map or in
// copies of them, and the bytes from a tile's windows to the next one's. They
// are returned, not stored, for what is stored through a pointer is allocated.
func (c *convDotprod) windows(tiles int, src Map, at *[tilePixels]position, patch *patch) (first [tilePixels]*int8, step int) {
	if c.gather {
		c.copyWindows(tiles, src, at, patch)
		for i := range first {
			first[i] = &patch[i*c.depth]
		}
		return first, tilePixels * c.depth
	}
	for i := range first {
		first[i] = &src.Data[at[i].src]
	}
	return first, tilePixels * c.Stride * src.Pixel
}

// copyWindows copies the windows of tiles behind each other.
func (c *convDotprod) copyWindows(tiles int, src Map, at *[tilePixels]position, patch *patch) {
	run, step := c.Kernel*c.In, c.Stride*src.Pixel
	last := at[tilePixels-1].src + (tiles-1)*tilePixels*step
	inside := last+(c.Kernel-1)*src.Row+run+copySlack <= len(src.Data)
	if tiles > 1 && inside {
		gatherNEON(&patch[0], &src.Data[at[0].src], tiles*tilePixels, step, c.Kernel, src.Row, run, c.depth)
		return
	}
	for i := range tiles * tilePixels {
		from := at[i%tilePixels].src + i/tilePixels*tilePixels*step
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

// walk goes from output pixel to output pixel, row by row.
type walk struct {
	position
	left     int // pixels, this one included
	x, width int
	// From a pixel to its right neighbour, and what is added where that is
	// the first one of the next row.
	srcStep, dstStep int
	srcTurn, dstTurn int
}

// walk goes over rows from…to-1. It panics unless all of their windows and
// outputs are inside of the maps, for the assembler does not look. Without
// outputs dst is empty.
func (c *convDotprod) walk(dst, src Map, width, from, to int) walk {
	row, step := c.Stride*src.Row, c.Stride*src.Pixel
	_ = src.Data[(to-1)*row+(width-1)*step+(c.Kernel-1)*src.Row+c.Kernel*c.In-1]
	if dst.Data != nil {
		_ = dst.Data[(to-1)*dst.Row+(width-1)*dst.Pixel+c.Out-1]
	}
	return walk{
		position: position{from * row, from * dst.Row},
		left:     (to - from) * width,
		width:    width,
		srcStep:  step, srcTurn: row - width*step,
		dstStep: dst.Pixel, dstTurn: dst.Row - width*dst.Pixel,
	}
}

// next gives the first four pixels of the tiles that follow and how many
// tiles these are: all in one row, up to most, or one that goes on in the
// next row and, at the end, has the last pixel several times.
func (w *walk) next(at *[tilePixels]position, most int) int {
	if tiles := min((w.width-w.x)/tilePixels, most); tiles > 0 {
		for i := range at {
			at[i] = position{w.src + i*w.srcStep, w.dst + i*w.dstStep}
		}
		w.advance(tiles * tilePixels)
		return tiles
	}
	last := min(w.left, tilePixels) - 1
	for i := range at {
		at[i] = w.position
		if i < last {
			w.advance(1)
		}
	}
	w.advance(1)
	return 1
}

// advance goes on by some pixels of the row.
func (w *walk) advance(pixels int) {
	w.left -= pixels
	w.x += pixels
	w.src += pixels * w.srcStep
	w.dst += pixels * w.dstStep
	if w.x == w.width {
		w.x = 0
		w.src += w.srcTurn
		w.dst += w.dstTurn
	}
}
