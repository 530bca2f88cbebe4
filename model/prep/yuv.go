package prep

import (
	"slices"

	"halfmeg/camera/pixel"
	"halfmeg/kernels/resample"
	"halfmeg/model"
)

// yuvResizer resizes Y, Cb and Cr, each at its own resolution, and converts only the
// resized samples to RGB. The vertical pass is first, because it runs fastest on
// whole rows.
//
// The result is that of upsampling chroma linearly, converting every pixel to RGB
// and resizing, because all of these are linear, except that values outside of
// 0…255 are clamped once at the end, not in every pixel.
type yuvResizer struct {
	luma, chroma planeResizer
	samples      [3][]uint16 // one output row: Y, and both chroma channels in memory order
	a, b         int         // index in samples of the chroma channels that Matrix calls a and b
	matrix       resample.Matrix
}

// planeResizer resizes the samples of Y, or those of Cb and Cr.
type planeResizer struct {
	horizontal, vertical polyphase

	from, to int // the source columns [from, to) that the vertical pass computes
	channels int // interleaved in a line: 1, or 2 for Cb and Cr
	filter   *resample.Filter
	lines    [2][]uint16 // columns from…to-1 after the vertical pass; the second is for a separate Cr
}

// configure computes the filters and allocates buffers.
func (r *yuvResizer) configure(s sourceFormat, horizontal, vertical outputAxis, order model.Order) {
	r.matrix = newMatrix(s, order)
	r.a, r.b = 2, 1 // RGB with Cb before Cr
	if (order == model.BGR) != s.fourCC.CrFirst() {
		r.a, r.b = 1, 2
	}
	for i := range r.samples {
		r.samples[i] = make([]uint16, horizontal.count+resample.Slack)
	}
	r.luma.horizontal.design(s.width, horizontal)
	r.luma.vertical.design(s.height, vertical)
	r.luma.channels, r.chroma.channels = 1, 2
	designChroma, designChromaRows := r.chroma.horizontal.designChroma, r.chroma.vertical.designChroma
	switch s.fourCC {
	case pixel.YUV444P:
		designChroma, designChromaRows = r.chroma.horizontal.design, r.chroma.vertical.design
	case pixel.YUV422P:
		designChromaRows = r.chroma.vertical.design
	}
	designChroma(s.width, horizontal)
	designChromaRows(s.height, vertical)
	r.luma.from, r.luma.to = r.luma.horizontal.sourceRange()
	r.chroma.from, r.chroma.to = r.chroma.horizontal.sourceRange()
	switch s.fourCC {
	case pixel.YUYV, pixel.UYVY, pixel.YVYU:
		r.alignColumns()
	}
	if isPlanar(s.fourCC) {
		r.chroma.channels = 1
	}
	r.luma.allocate()
	r.chroma.allocate()
}

// alignColumns makes luma and chroma of packed 4:2:2 read the same pixel pairs,
// which one vertical pass separates. Chroma has a row for every row of pixels, but
// keeps the vertical filter of luma.
func (r *yuvResizer) alignColumns() {
	r.chroma.from = min(r.chroma.from, r.luma.from/2)
	r.chroma.to = max(r.chroma.to, (r.luma.to+1)/2)
	r.luma.from, r.luma.to = 2*r.chroma.from, 2*r.chroma.to
}

// isPlanar reports whether Cb and Cr have a plane each.
func isPlanar(c pixel.FourCC) bool {
	return c == pixel.YU12 || c == pixel.YV12 || c == pixel.YUV422P || c == pixel.YUV444P
}

// allocate packs the horizontal filter and allocates the lines, whose first column
// is from.
func (p *planeResizer) allocate() {
	first := slices.Clone(p.horizontal.first)
	for i := range first {
		first[i] -= p.from
	}
	p.filter = resample.NewFilter(p.channels, p.horizontal.window, first, p.horizontal.taps)
	for i := range p.lines {
		p.lines[i] = make([]uint16, p.channels*(p.to-p.from)+resample.Slack)
	}
}

// resizeRow computes output row y.
func (r *yuvResizer) resizeRow(dst []int8, src *pixel.Image, y int) {
	r.filterVertically(src, y)
	r.luma.filter.Apply(r.samples[0], r.luma.lines[0])
	switch {
	case src.FourCC == pixel.GREY:
	case isPlanar(src.FourCC):
		r.chroma.filter.Apply(r.samples[1], r.chroma.lines[0])
		r.chroma.filter.Apply(r.samples[2], r.chroma.lines[1])
	default:
		r.chroma.filter.ApplyPairs(r.samples[1], r.samples[2], r.chroma.lines[0])
	}
	n := len(dst) / 3
	r.matrix.Convert(dst, r.samples[0][:n], r.samples[r.a][:n], r.samples[r.b][:n])
}

// filterVertically fills the lines for output row y.
func (r *yuvResizer) filterVertically(src *pixel.Image, y int) {
	switch src.FourCC {
	case pixel.YUYV, pixel.YVYU:
		r.filterPacked(&r.luma, &r.chroma, src.Planes[0], y)
		return
	case pixel.UYVY:
		r.filterPacked(&r.chroma, &r.luma, src.Planes[0], y)
		return
	}
	r.luma.filterPlane(r.luma.lines[0], src.Planes[0], y)
	if src.FourCC != pixel.GREY {
		r.chroma.filterPlane(r.chroma.lines[0], src.Planes[1], y)
	}
	if isPlanar(src.FourCC) {
		r.chroma.filterPlane(r.chroma.lines[1], src.Planes[2], y)
	}
}

// filterPacked fills the lines of luma and chroma, which alternate in the plane.
func (r *yuvResizer) filterPacked(even, odd *planeResizer, plane pixel.Plane, y int) {
	vertical := &r.luma.vertical
	n := r.luma.to - r.luma.from
	rows := plane.Data[vertical.first[y]*plane.Stride+2*r.luma.from:]
	resample.VerticalPairs(even.lines[0][:n], odd.lines[0][:n], rows, plane.Stride, vertical.tapsOf(y))
}

// filterPlane fills a line from a plane.
func (p *planeResizer) filterPlane(line []uint16, plane pixel.Plane, y int) {
	n := p.channels * (p.to - p.from)
	rows := plane.Data[p.vertical.first[y]*plane.Stride+p.channels*p.from:]
	resample.Vertical(line[:n], rows, plane.Stride, p.vertical.tapsOf(y))
}
