package float

// Products of matrices in tiles. A tile is tileRows rows of the left matrix
// by tileColumns columns of the right one; the sums over k stay in registers.
// Every element is summed in the order of k, one rounding for each product
// and one for each sum, so that plain Go and vector code give the same bits.
const (
	tileRows    = 4
	tileColumns = 16
)

// tile adds to a tile of c the product of rows of a and a panel of b:
//
//	c[i*ldc+j] += sum over k of a[i*lda+k] * b[k*16+j], i < rows <= 4, j < 16
//
// It is the vector version where the machine has one.
var tile = tileGo

// tileGo is the plain loop that proves the vector versions.
func tileGo(c []float32, ldc int, a []float32, lda int, b []float32, depth, rows int) {
	for i := range rows {
		row := c[i*ldc : i*ldc+tileColumns]
		for k, x := range a[i*lda : i*lda+depth] {
			for j, y := range b[k*tileColumns : (k+1)*tileColumns] {
				row[j] += float32(x * y) // the conversion forbids a fused multiply-add
			}
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

// PackTransposed packs the transpose of m, whose shape is [columns][depth]:
// the layout in which a convolution's weights are kept.
func PackTransposed(m []float32, columns, depth int) *Packed {
	panels := (columns + tileColumns - 1) / tileColumns
	p := &Packed{depth: depth, columns: columns, data: make([]float32, panels*depth*tileColumns)}
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
	panels := (columns + tileColumns - 1) / tileColumns
	p := &Packed{depth: depth, columns: columns, data: make([]float32, panels*depth*tileColumns)}
	for k := range depth {
		for j, v := range m[k*columns : (k+1)*columns] {
			p.data[(j/tileColumns*depth+k)*tileColumns+j%tileColumns] = v
		}
	}
	return p
}

// MulAdd adds the product of a and the packed matrix to c:
//
//	c[i*ldc+j] += sum over k of a[i*lda+k] * b[k][j], i < rows
//
// in the order of k. ldc and lda are the elements from a row to the next.
func (p *Packed) MulAdd(c []float32, ldc int, a []float32, lda, rows int) {
	var edge [tileRows * tileColumns]float32
	for j := 0; j < p.columns; j += tileColumns {
		panel := p.data[j*p.depth : (j+tileColumns)*p.depth]
		width := min(tileColumns, p.columns-j)
		for i := 0; i < rows; i += tileRows {
			height := min(tileRows, rows-i)
			if width == tileColumns {
				tile(c[i*ldc+j:], ldc, a[i*lda:], lda, panel, p.depth, height)
				continue
			}
			copyTile(edge[:], tileColumns, c[i*ldc+j:], ldc, height, width)
			tile(edge[:], tileColumns, a[i*lda:], lda, panel, p.depth, height)
			copyTile(c[i*ldc+j:], ldc, edge[:], tileColumns, height, width)
		}
	}
}

func copyTile(dst []float32, ldd int, src []float32, lds, rows, columns int) {
	for i := range rows {
		copy(dst[i*ldd:i*ldd+columns], src[i*lds:i*lds+columns])
	}
}
