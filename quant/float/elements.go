package float

// Elementwise loops. Each calls a vector version for the leading elements,
// which returns how many it has done (0 where there is none), and does the
// rest in plain Go. Both compute the same bits.

// relu sets negative elements to zero.
func relu(x []float32) {
	for i := reluVector(x); i < len(x); i++ {
		x[i] = max(x[i], 0)
	}
}

// copyRuns copies n runs of length elements. Their starts are ldd elements apart in
// dst and lds in src.
func copyRuns(dst []float32, ldd int, src []float32, lds, length, n int) {
	if copyRunsVector(dst, ldd, src, lds, length, n) {
		return
	}
	for i := range n {
		copy(dst[i*ldd:i*ldd+length], src[i*lds:i*lds+length])
	}
}

// addRuns adds n runs of length elements, in order. Their starts are ldd elements
// apart in dst and lds in src; if ldd is 0, the runs are summed.
func addRuns(dst []float32, ldd int, src []float32, lds, length, n int) {
	done := addRunsVector(dst, ldd, src, lds, length, n)
	if done == length {
		return
	}
	for i := range n {
		to := dst[i*ldd:][:length]
		for j, v := range src[i*lds+done : i*lds+length] {
			to[done+j] += v
		}
	}
}

// maxOf writes the elementwise maximum of x, y and z; a NaN in y or z counts as larger
// than what stands before it. dst may be one of them.
func maxOf(dst, x, y, z []float32) {
	for i := maxOfVector(dst, x, y, z); i < len(dst); i++ {
		m := x[i]
		for _, v := range [2]float32{y[i], z[i]} {
			if v > m || v != v {
				m = v
			}
		}
		dst[i] = m
	}
}

// closeGate sets d to zero where out <= base.
func closeGate(d, out, base []float32) {
	for i := closeGateVector(d, out, base); i < len(d); i++ {
		if out[i] <= base[i] {
			d[i] = 0
		}
	}
}

// routeGradient adds d to dst, by channel, at the first of a window's nine pixels in
// which in equals largest. Pixels may repeat. Their channels start at rows[y] +
// columns[x], in this order, in dst as in in.
func routeGradient(dst, in, d, largest []float32, rows, columns [3]int) {
	for c := routeGradientVector(dst, in, d, largest, rows, columns); c < len(d); c++ {
		v := d[c]
		for _, row := range rows {
			for _, column := range columns {
				if at := row + column + c; in[at] == largest[c] {
					dst[at] += v
					v = 0
				}
			}
		}
	}
}
