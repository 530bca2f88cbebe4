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

// routeGradient adds d to dst where in equals largest, and sets d to zero there.
func routeGradient(dst, d, in, largest []float32) {
	for i := routeGradientVector(dst, d, in, largest); i < len(dst); i++ {
		if in[i] == largest[i] {
			dst[i] += d[i]
			d[i] = 0
		}
	}
}
