package float

import "sync"

// tileColumns is the width of a panel of Packed, and of a tile or half of it.
//
// A product of matrices is computed in tiles: a few rows of the left matrix by one or
// two panels of the right one, whose sums over k stay in registers. Every element is
// summed in the order of k, each product fused with its sum: rounded once, as fma
// does. So plain Go and vector code agree bit for bit.
const tileColumns = 16

// tile is a micro-kernel for one panel of b, or for two. It computes a tile of c from
// the product of a range of rows of a and b:
//
//	c[i*ldc+j] = start[i*lds+j] + sum over k of a[i*row+k*step] * b[k*16+j], i < rows, j < 16
//
// b is a range of rows of a panel and not empty; its length determines the depth. For
// two panels, the second starts next elements further, and j < 32. Rows of a are
// contiguous where step is 1, columns where row is 1. start may be c; it is one row if
// lds is 0.
type tile struct {
	rows int
	mul  func(c []float32, ldc int, start []float32, lds int, a []float32, row, step int, b []float32, next int)
}

// isa is the tiles of one instruction set, for two panels (or none) and for one, the
// tallest first. The last for one has a single row, so that any number of rows can be
// composed.
type isa struct {
	name    string
	pairs   []tile
	singles []tile
}

// isas are the instruction sets that this machine can run, the fastest last.
var isas = []isa{{"plain", nil, []tile{{1, tileGo}}}}

// tileGo is the reference for the vector versions.
func tileGo(c []float32, _ int, start []float32, _ int, a []float32, _, step int, b []float32, _ int) {
	sums := *(*[tileColumns]float32)(start)
	for k := range len(b) / tileColumns {
		x := a[k*step]
		for j, y := range (*[tileColumns]float32)(b[k*tileColumns:]) {
			sums[j] = fma(x, y, sums[j])
		}
	}
	*(*[tileColumns]float32)(c) = sums
}

// Packed is the right matrix of a product, [depth][columns], stored as panels
// of 16 columns; the last panel is padded with zeros.
type Packed struct {
	depth   int
	columns int
	data    []float32 // [panel][depth][16]
}

// reshape allocates a matrix, reusing memory; its contents are undefined.
func (p *Packed) reshape(depth, columns int) {
	size := (columns + tileColumns - 1) / tileColumns * depth * tileColumns
	if cap(p.data) < size {
		p.data = make([]float32, size)
	}
	p.depth, p.columns, p.data = depth, columns, p.data[:size]
}

// setRows packs the rows of a matrix; their starts are stride elements apart.
func (p *Packed) setRows(m []float32, stride int) {
	for j := 0; j < p.columns; j += tileColumns {
		panel := p.data[j*p.depth:][:p.depth*tileColumns]
		width := min(tileColumns, p.columns-j)
		if width < tileColumns {
			clear(panel)
		}
		copyRuns(panel, tileColumns, m[j:], stride, width, p.depth)
	}
}

// SetTransposed packs the transpose of m, whose shape is [columns][depth], in the memory of
// the matrix before.
func (p *Packed) SetTransposed(m []float32, columns, depth int) {
	p.reshape(depth, columns)
	if columns%tileColumns != 0 {
		clear(p.data[columns/tileColumns*depth*tileColumns:])
	}
	for j := range columns {
		panel := p.data[j/tileColumns*depth*tileColumns:]
		for k, v := range m[j*depth : (j+1)*depth] {
			panel[k*tileColumns+j%tileColumns] = v
		}
	}
}

// PackTransposed packs the transpose of m, whose shape is [columns][depth]:
// the layout of a convolution's weights.
func PackTransposed(m []float32, columns, depth int) *Packed {
	p := new(Packed)
	p.SetTransposed(m, columns, depth)
	return p
}

// Set packs m, whose shape is [depth][columns], in the memory of the matrix before.
func (p *Packed) Set(m []float32, depth, columns int) {
	p.reshape(depth, columns)
	p.setRows(m, columns)
}

// Pack packs m, whose shape is [depth][columns].
func Pack(m []float32, depth, columns int) *Packed {
	p := new(Packed)
	p.Set(m, depth, columns)
	return p
}

// Left is the left matrix of a product: element (i, k) is Data[i*Row+k*Step]. Its rows
// are contiguous where Step is 1, its columns where Row is 1. Strides are not negative.
type Left struct {
	Data      []float32
	Row, Step int
}

// Mul writes the product of a and the packed matrix to c:
//
//	c[i*ldc+j] = sum over k of a(i, k) * b(k, j), i < rows
//
// in the order of k. ldc is the stride from a row to the next, in elements.
func (p *Packed) Mul(c []float32, ldc int, a Left, rows int) {
	zeros := borrow(p.columns)
	clear(*zeros)
	p.mul(target{c, ldc, rows}, target{data: *zeros}, a)
	spare.Put(zeros)
}

// MulUpper is Mul for as many rows as the packed matrix has columns, where only
// elements with i <= j are needed. Others are undefined: most are not computed.
func (p *Packed) MulUpper(c []float32, ldc int, a Left) {
	for j := 0; j < p.columns; j += tileColumns {
		panel := Packed{p.depth, min(tileColumns, p.columns-j), p.data[j*p.depth : (j+tileColumns)*p.depth]}
		panel.Mul(c[j:], ldc, a, min(j+tileColumns, p.columns))
	}
}

// target is a matrix that a product is added to: element (i, j) is
// data[i*stride+j]. Where the sums start from one row for all, its stride is 0.
type target struct {
	data   []float32
	stride int
	rows   int
}

// from returns the part from a row and a column on.
func (c target) from(row, column int) target {
	return target{c.data[row*c.stride+column:], c.stride, c.rows - row}
}

// mul writes start plus the product to c. start has as many rows as c, or its stride
// is 0; it may be c.
func (p *Packed) mul(c, start target, a Left) {
	if c.rows == 0 || p.columns == 0 {
		return
	}
	if p.depth == 0 {
		c.copy(start, p.columns)
		return
	}
	if c.stride < 0 || a.Row < 0 || a.Step < 0 {
		panic("float: negative stride")
	}
	// The last elements that vector code touches: a panic here instead of an
	// access out of bounds there.
	_ = c.data[(c.rows-1)*c.stride+p.columns-1]
	_ = start.data[(c.rows-1)*start.stride+p.columns-1]
	_ = a.Data[(c.rows-1)*a.Row+(p.depth-1)*a.Step]
	for k := 0; k < p.depth; k += depthBlock {
		p.mulBlock(c, start, Left{a.Data[k*a.Step:], a.Row, a.Step}, k, min(k+depthBlock, p.depth))
		start = c
	}
}

// depthBlock is the number of rows of b that are used for all rows of a before the
// next ones: those of two panels, 32 kB, then stay in the L1 cache.
const depthBlock = 256

// mulBlock is mul for the rows [from, to) of the packed matrix.
func (p *Packed) mulBlock(c, start target, a Left, from, to int) {
	set := &isas[len(isas)-1]
	next := p.depth * tileColumns
	for j := 0; j < p.columns; j += tileColumns {
		panel := p.data[j*p.depth:]
		part := panels{panel[from*tileColumns : to*tileColumns], next}
		switch width := p.columns - j; {
		case width >= 2*tileColumns && set.pairs != nil:
			done := part.mul(set.pairs, c.from(0, j), start.from(0, j), a)
			if done < c.rows {
				rest := Left{a.Data[done*a.Row:], a.Row, a.Step}
				part.mul(set.singles, c.from(done, j), start.from(done, j), rest)
				part.rows = panel[next+from*tileColumns : next+to*tileColumns]
				part.mul(set.singles, c.from(done, j+tileColumns), start.from(done, j+tileColumns), rest)
			}
			j += tileColumns
		case width >= tileColumns:
			part.mul(set.singles, c.from(0, j), start.from(0, j), a)
		default:
			memory := borrow(c.rows * tileColumns)
			edge := target{*memory, tileColumns, c.rows}
			edge.copy(start.from(0, j), width)
			part.mul(set.singles, edge, edge, a)
			c.from(0, j).copy(edge, width)
			spare.Put(memory)
		}
	}
}

// panels is a range of rows of one panel or two.
type panels struct {
	rows []float32 // of the first
	next int       // elements to those of the second
}

// mul computes the columns of one tile for as many rows as the tiles can, and returns
// their number.
func (p panels) mul(tiles []tile, c, start target, a Left) int {
	i := 0
	for _, t := range tiles {
		for ; i+t.rows <= c.rows; i += t.rows {
			t.mul(c.data[i*c.stride:], c.stride, start.data[i*start.stride:], start.stride, a.Data[i*a.Row:], a.Row, a.Step, p.rows, p.next)
		}
	}
	return i
}

// copy copies the leading columns of src.
func (c target) copy(src target, columns int) {
	for i := range c.rows {
		copy(c.data[i*c.stride:i*c.stride+columns], src.data[i*src.stride:i*src.stride+columns])
	}
}

// spare is memory for intermediate results.
var spare = sync.Pool{New: func() any { return new([]float32) }}

// borrow takes n elements of spare memory with undefined contents; Put returns them.
func borrow(n int) *[]float32 {
	m := spare.Get().(*[]float32)
	*m = reuse(m, n)
	return m
}
