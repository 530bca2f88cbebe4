package prep

import (
	"slices"

	"halfmeg/camera/pixel"
	"halfmeg/kernels/resample"
	"halfmeg/model"
)

// yuvResizer resizes Y, U and V, each at its own resolution, and only what
// comes out becomes red, green and blue. Rows go first, for whole rows are
// what vectors add up fastest.
//
// It gives what one gets who brings chroma to every pixel, linearly, every
// pixel to its colour and then resizes, for all of these are linear; only that
// colours outside of 0…255 are limited in the end and not in every pixel.
type yuvResizer struct {
	luma, chroma grid
	samples      [3][]uint16 // one row of the output: Y, and both chromas in the order of memory
	a, b         int         // the chromas that the first and the last channel depend on
	colours      resample.Matrix
}

// grid is what resizes the samples of Y, or those of U and V.
type grid struct {
	rows        axis
	columns     axis
	from, to    int // the columns that are read
	interleaved int // planes of samples that alternate: U and V, or one
	windows     *resample.Filter
	lines       [2][]uint16 // columns from…to-1 with their rows resized; where U and V are apart each has one
}

// plan makes the tables and buffers.
func (r *yuvResizer) plan(l layout, alongRows, alongColumns side, order model.Order) {
	r.colours = coloursOf(l, order)
	r.a, r.b = 2, 1 // red depends on V, blue on U
	if (order == model.BGR) != (l.fourCC == pixel.NV21) {
		r.a, r.b = 1, 2
	}
	for i := range r.samples {
		r.samples[i] = make([]uint16, alongRows.count+resample.Slack)
	}
	r.luma.columns.plan(l.width, alongRows)
	r.luma.rows.plan(l.height, alongColumns)
	r.luma.interleaved, r.chroma.interleaved = 1, 2
	r.chroma.columns.planChroma(l.width, alongRows)
	r.chroma.rows.planChroma(l.height, alongColumns)
	r.luma.from, r.luma.to = r.luma.columns.reads()
	r.chroma.from, r.chroma.to = r.chroma.columns.reads()
	switch l.fourCC {
	case pixel.YUYV, pixel.UYVY:
		r.readTogether()
	case pixel.YU12:
		r.chroma.interleaved = 1
	}
	r.luma.planWindows()
	r.chroma.planWindows()
}

// readTogether lets both grids read the same pairs of pixels, from rows of
// their own.
func (r *yuvResizer) readTogether() {
	r.chroma.from = min(r.chroma.from, r.luma.from/2)
	r.chroma.to = max(r.chroma.to, (r.luma.to+1)/2)
	r.luma.from, r.luma.to = 2*r.chroma.from, 2*r.chroma.to
}

// planWindows makes what takes the columns that are read to the output.
func (g *grid) planWindows() {
	first := slices.Clone(g.columns.first)
	for i := range first {
		first[i] -= g.from
	}
	g.windows = resample.NewFilter(g.interleaved, g.columns.taps, first, g.columns.weights)
	for i := range g.lines {
		g.lines[i] = make([]uint16, g.interleaved*(g.to-g.from)+resample.Slack)
	}
}

// row writes the output that lies along the source's rows at this position.
func (r *yuvResizer) row(dst []int8, src *pixel.Image, at int) {
	r.resizeRows(src, at)
	r.luma.windows.Apply(r.samples[0], r.luma.lines[0])
	switch src.FourCC {
	case pixel.GREY:
	case pixel.YU12:
		r.chroma.windows.Apply(r.samples[1], r.chroma.lines[0])
		r.chroma.windows.Apply(r.samples[2], r.chroma.lines[1])
	default:
		r.chroma.windows.ApplyPairs(r.samples[1], r.samples[2], r.chroma.lines[0])
	}
	n := len(dst) / 3
	r.colours.Convert(dst, r.samples[0][:n], r.samples[r.a][:n], r.samples[r.b][:n])
}

// resizeRows fills the lines for one row of the output.
func (r *yuvResizer) resizeRows(src *pixel.Image, at int) {
	switch src.FourCC {
	case pixel.YUYV:
		r.resizePairs(&r.luma, &r.chroma, src, at)
		return
	case pixel.UYVY:
		r.resizePairs(&r.chroma, &r.luma, src, at)
		return
	}
	r.luma.resizeRows(r.luma.lines[0], src.Planes[0], at)
	if src.FourCC != pixel.GREY {
		r.chroma.resizeRows(r.chroma.lines[0], src.Planes[1], at)
	}
	if src.FourCC == pixel.YU12 {
		r.chroma.resizeRows(r.chroma.lines[1], src.Planes[2], at)
	}
}

// resizePairs fills the lines of luma and chroma, which alternate in memory.
func (r *yuvResizer) resizePairs(even, odd *grid, src *pixel.Image, at int) {
	first, n := 2*r.luma.from, r.luma.to-r.luma.from
	rows := src.Planes[0].Data[r.luma.rows.first[at]*src.Planes[0].Stride+first:]
	resample.VerticalPairs(even.lines[0][:n], odd.lines[0][:n], rows, src.Planes[0].Stride, r.luma.rows.window(at))
}

// resizeRows fills a line from a plane.
func (g *grid) resizeRows(line []uint16, plane pixel.Plane, at int) {
	first, n := g.interleaved*g.from, g.interleaved*(g.to-g.from)
	rows := plane.Data[g.rows.first[at]*plane.Stride+first:]
	resample.Vertical(line[:n], rows, plane.Stride, g.rows.window(at))
}
