package float

// tileColumns is the width of a tile and of a panel of Packed.
//
// A product of matrices is computed in tiles: a few rows of the left matrix by
// tileColumns columns of the right one, whose sums over k stay in registers.
// Every element is summed in the order of k, with one rounding for each
// product and one for each sum, so that plain Go and vector code agree bit for
// bit.
const tileColumns = 16

// tile is a micro-kernel. It adds to a tile of c the product of a range of rows of a
// and a panel of b:
//
//	c[i*ldc+j] += sum over k of a[i*row+k*step] * b[k*16+j], i < rows, j < 16
//
// b is one whole panel and not empty; its length determines the depth. Rows of
// a are contiguous where step is 1, columns where row is 1.
type tile struct {
	rows int
	add  func(c []float32, ldc int, a []float32, row, step int, b []float32)
}

// isa is the tiles of one instruction set, the tallest first. The last has a
// single row, so that any number of rows can be composed.
type isa struct {
	name  string
	tiles []tile
}

// isas are the instruction sets that this machine can run, the fastest last.
var isas = []isa{{"plain", []tile{{1, tileGo}}}}

// tileGo is the reference for the vector versions.
func tileGo(c []float32, _ int, a []float32, _, step int, b []float32) {
	sums := (*[tileColumns]float32)(c)
	for k := range len(b) / tileColumns {
		x := a[k*step]
		for j, y := range (*[tileColumns]float32)(b[k*tileColumns:]) {
			sums[j] += float32(x * y) // the conversion forbids a fused multiply-add
		}
	}
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

// setRow packs one row of the matrix.
func (p *Packed) setRow(k int, row []float32) {
	panel := p.data[k*tileColumns:]
	for len(row) >= tileColumns {
		part := *(*[tileColumns]float32)(row)
		*(*[tileColumns]float32)(panel) = part
		if row = row[tileColumns:]; len(row) == 0 {
			return
		}
		panel = panel[p.depth*tileColumns:]
	}
	clear(panel[copy(panel, row):tileColumns])
}

// PackTransposed packs the transpose of m, whose shape is [columns][depth]:
// the layout of a convolution's weights.
func PackTransposed(m []float32, columns, depth int) *Packed {
	p := new(Packed)
	p.reshape(depth, columns)
	for j := range columns {
		panel := p.data[j/tileColumns*depth*tileColumns:]
		for k, v := range m[j*depth : (j+1)*depth] {
			panel[k*tileColumns+j%tileColumns] = v
		}
	}
	return p
}

// Pack packs m, whose shape is [depth][columns].
func Pack(m []float32, depth, columns int) *Packed {
	p := new(Packed)
	p.reshape(depth, columns)
	for k := range depth {
		p.setRow(k, m[k*columns:(k+1)*columns])
	}
	return p
}

// MulAdd adds the product of a and the packed matrix to c:
//
//	c[i*ldc+j] += sum over k of a[i*lda+k] * b[k][j], i < rows
//
// in the order of k. ldc and lda are the strides from a row to the next, in
// elements.
func (p *Packed) MulAdd(c []float32, ldc int, a []float32, lda, rows int) {
	p.mulAdd(target{c, ldc, rows}, left{a, lda, 1})
}

// MulAddUpper is MulAdd for as many rows as the packed matrix has columns,
// where only elements with i <= j are needed: most others are not computed.
func (p *Packed) MulAddUpper(c []float32, ldc int, a []float32, lda int) {
	for j := 0; j < p.columns; j += tileColumns {
		panel := Packed{p.depth, min(tileColumns, p.columns-j), p.data[j*p.depth : (j+tileColumns)*p.depth]}
		panel.MulAdd(c[j:], ldc, a, lda, min(j+tileColumns, p.columns))
	}
}

// target is the matrix that a product is added to: element (i, j) is
// data[i*stride+j].
type target struct {
	data   []float32
	stride int
	rows   int
}

// left is the left matrix of a product: element (i, k) is
// data[i*row+k*step].
type left struct {
	data      []float32
	row, step int
}

// mulAdd is MulAdd with a left matrix that may be transposed.
func (p *Packed) mulAdd(c target, a left) {
	if c.rows == 0 || p.depth == 0 {
		return
	}
	// The last elements that vector code touches: a panic here instead of an
	// access out of bounds there.
	_ = c.data[(c.rows-1)*c.stride+p.columns-1]
	_ = a.data[(c.rows-1)*a.row+(p.depth-1)*a.step]
	for j := 0; j < p.columns; j += tileColumns {
		panel := p.data[j*p.depth : (j+tileColumns)*p.depth]
		part := target{c.data[j:], c.stride, c.rows}
		if width := p.columns - j; width < tileColumns {
			edge := target{make([]float32, c.rows*tileColumns), tileColumns, c.rows}
			edge.copy(part, width)
			mulAddPanel(edge, a, panel)
			part.copy(edge, width)
			return
		}
		mulAddPanel(part, a, panel)
	}
}

// mulAddPanel adds 16 columns of the product.
func mulAddPanel(c target, a left, panel []float32) {
	i := 0
	for _, t := range isas[len(isas)-1].tiles {
		for ; i+t.rows <= c.rows; i += t.rows {
			t.add(c.data[i*c.stride:], c.stride, a.data[i*a.row:], a.row, a.step, panel)
		}
	}
}

// copy copies the leading columns of src.
func (c target) copy(src target, columns int) {
	for i := range c.rows {
		copy(c.data[i*c.stride:i*c.stride+columns], src.data[i*src.stride:i*src.stride+columns])
	}
}
