package idct

// generic is the reference. Every other backend must return the same bits.
var generic = backend{row8: row8Generic, row4: row4Generic}

// product returns x·c, rounded to nearest.
func product(x, c int32) int32 { return (x*c + productRound) >> productShift }

// sample rounds a result and shifts its level.
func sample(x int32) byte {
	return byte(min(max((x+outputRound)>>outputShift, -levelShift), levelShift-1) + levelShift)
}

// transform8 transforms eight coefficients (Loeffler, Ligtenberg, Moschytz, figure 1,
// from right to left).
func transform8(y0, y1, y2, y3, y4, y5, y6, y7 int32) (x0, x1, x2, x3, x4, x5, x6, x7 int32) {
	// Even part.
	e0, e1 := y0+y4, y0-y4
	e2 := product(y2, sin2) - y6 - product(y6, cos2)
	e3 := y2 + product(y2, cos2) + product(y6, sin2)
	a0, a1, a2, a3 := e0+e3, e1+e2, e1-e2, e0-e3

	// Odd part.
	d5, d6 := y3+product(y3, sqrt2), y5+product(y5, sqrt2)
	d7, d4 := y1+y7, y1-y7
	c4, c6, c7, c5 := d4+d6, d4-d6, d7+d5, d7-d5
	b4 := product(c4, cos3) - product(c7, sin3)
	b7 := product(c4, sin3) + product(c7, cos3)
	b5 := product(c5, cos1) - product(c6, sin1)
	b6 := product(c5, sin1) + product(c6, cos1)

	return a0 + b7, a1 + b6, a2 + b5, a3 + b4, a3 - b4, a2 - b5, a1 - b6, a0 - b7
}

func row8Generic(dst []byte, stride int, coefficients []int16) {
	var columns [8][8]int32 // after the horizontal pass: [column][frequency]
	for x := 0; len(coefficients) >= 64; x += 8 {
		c := (*[64]int16)(coefficients)
		coefficients = coefficients[64:]
		for v := range 8 {
			columns[0][v], columns[1][v], columns[2][v], columns[3][v],
				columns[4][v], columns[5][v], columns[6][v], columns[7][v] = transform8(
				int32(c[v]), int32(c[8+v]), int32(c[16+v]), int32(c[24+v]),
				int32(c[32+v]), int32(c[40+v]), int32(c[48+v]), int32(c[56+v]))
		}
		*c = [64]int16{}
		for i := range 8 {
			p := &columns[i]
			s0, s1, s2, s3, s4, s5, s6, s7 := transform8(p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7])
			out := dst[x+i:]
			out[0], out[stride], out[2*stride], out[3*stride] = sample(s0), sample(s1), sample(s2), sample(s3)
			out[4*stride], out[5*stride], out[6*stride], out[7*stride] = sample(s4), sample(s5), sample(s6), sample(s7)
		}
	}
}

// transform4 transforms four coefficients.
func transform4(y0, y1, y2, y3 int32) (x0, x1, x2, x3 int32) {
	e0, e1 := y0+y2, y0-y2
	o0 := y1 + product(y1, cos2) + product(y3, sin2)
	o1 := product(y1, sin2) - y3 - product(y3, cos2)
	return e0 + o0, e1 + o1, e1 - o1, e0 - o0
}

func row4Generic(dst []byte, stride int, coefficients []int16) {
	var columns [4][8]int32 // of both blocks: [column][block, frequency]
	for x := 0; len(coefficients) >= 32; x += 8 {
		c := (*[32]int16)(coefficients)
		coefficients = coefficients[32:]
		for v := range 8 {
			columns[0][v], columns[1][v], columns[2][v], columns[3][v] = transform4(
				int32(c[v]), int32(c[8+v]), int32(c[16+v]), int32(c[24+v]))
		}
		*c = [32]int16{}
		for i := range 8 {
			p := columns[i%4][i/4*4:][:4]
			s0, s1, s2, s3 := transform4(p[0], p[1], p[2], p[3])
			out := dst[x+i:]
			out[0], out[stride], out[2*stride], out[3*stride] = sample(s0), sample(s1), sample(s2), sample(s3)
		}
	}
}

// row2 has no vector version: most of the time for pictures at a quarter of their size
// is Huffman decoding.
func row2(dst []byte, stride int, coefficients []int16) {
	for x := 0; len(coefficients) >= 4; x += 2 {
		c := (*[4]int16)(coefficients)
		coefficients = coefficients[4:]
		top, bottom := int32(c[0])+int32(c[1]), int32(c[0])-int32(c[1])           // of the mean of both columns
		topSlope, bottomSlope := int32(c[2])+int32(c[3]), int32(c[2])-int32(c[3]) // half their difference
		*c = [4]int16{}
		dst[x], dst[x+1] = sample(top+topSlope), sample(top-topSlope)
		dst[stride+x], dst[stride+x+1] = sample(bottom+bottomSlope), sample(bottom-bottomSlope)
	}
}

func row1(dst []byte, coefficients []int16) {
	for x, c := range coefficients {
		dst[x] = sample(int32(c))
	}
	clear(coefficients)
}
