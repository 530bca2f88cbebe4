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

// addTo adds src to dst.
func addTo(dst, src []float32) {
	for i := addVector(dst, src); i < len(dst); i++ {
		dst[i] += src[i]
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
