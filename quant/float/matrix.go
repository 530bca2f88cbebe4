package float

// Products of matrices in tiles. A tile is a few rows of the left matrix by
// tileColumns columns of the right one; its sums over k stay in registers.
// Every element is summed in the order of k, one rounding for each product
// and one for each sum, so that plain Go and vector code give the same bits.
const tileColumns = 16

// tile adds to a tile of c the product of rows of a and a panel of b:
//
//	c[i*ldc+j] += sum over k of a[i*row+k*step] * b[k*16+j], i < rows, j < 16
//
// b is one whole panel, which tells the depth; it is not empty. A row of a
// lies along memory where step is 1 and across it where row is 1.
type tile struct {
	rows int
	add  func(c []float32, ldc int, a []float32, row, step int, b []float32)
}

// family is one version of the tiles for a machine, the highest first; the
// last has a single row, so that any number of rows can be made up.
type family struct {
	name  string
	tiles []tile
}

// families are the versions that this machine can run, the fastest last.
var families = []family{{"plain", []tile{{1, tileGo}}}}

// tileGo is the plain loop that proves the vector versions.
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
// of 16 columns; the last panel is filled up with zeros.
type Packed struct {
	depth   int
	columns int
	data    []float32 // [panel][depth][16]
}

// reshape makes room for a matrix; what the panels held is void.
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
// the layout in which a convolution's weights are kept.
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
// in the order of k. ldc and lda are the elements from a row to the next.
func (p *Packed) MulAdd(c []float32, ldc int, a []float32, lda, rows int) {
	p.mulAdd(c, ldc, a, lda, 1, rows)
}

// MulAddUpper is MulAdd for as many rows as the packed matrix has columns
// where only elements with i <= j are wanted: most others are left alone.
func (p *Packed) MulAddUpper(c []float32, ldc int, a []float32, lda int) {
	for j := 0; j < p.columns; j += tileColumns {
		panel := Packed{p.depth, min(tileColumns, p.columns-j), p.data[j*p.depth : (j+tileColumns)*p.depth]}
		panel.MulAdd(c[j:], ldc, a, lda, min(j+tileColumns, p.columns))
	}
}

// mulAdd is MulAdd with a[i*row+k*step] as the left matrix.
func (p *Packed) mulAdd(c []float32, ldc int, a []float32, row, step, rows int) {
	if rows == 0 || p.depth == 0 {
		return
	}
	// The last elements that vector code touches: a panic here, not a stray access there.
	_ = c[(rows-1)*ldc+p.columns-1]
	_ = a[(rows-1)*row+(p.depth-1)*step]
	tiles := families[len(families)-1].tiles
	for j := 0; j < p.columns; j += tileColumns {
		panel := p.data[j*p.depth : (j+tileColumns)*p.depth]
		if width := p.columns - j; width < tileColumns {
			edge := make([]float32, rows*tileColumns)
			copyTile(edge, tileColumns, c[j:], ldc, rows, width)
			mulAddPanel(tiles, edge, tileColumns, a, row, step, panel, rows)
			copyTile(c[j:], ldc, edge, tileColumns, rows, width)
			return
		}
		mulAddPanel(tiles, c[j:], ldc, a, row, step, panel, rows)
	}
}

// mulAddPanel adds 16 columns of the product.
func mulAddPanel(tiles []tile, c []float32, ldc int, a []float32, row, step int, panel []float32, rows int) {
	i := 0
	for _, t := range tiles {
		for ; i+t.rows <= rows; i += t.rows {
			t.add(c[i*ldc:], ldc, a[i*row:], row, step, panel)
		}
	}
}

func copyTile(dst []float32, ldd int, src []float32, lds, rows, columns int) {
	for i := range rows {
		copy(dst[i*ldd:i*ldd+columns], src[i*lds:i*lds+columns])
	}
}
