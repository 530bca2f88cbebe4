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

// maxInto sets dst to the elementwise maximum of dst and src; a NaN in src
// counts as larger.
func maxInto(dst, src []float32) {
	for i := maxIntoVector(dst, src); i < len(dst); i++ {
		if v := src[i]; v > dst[i] || v != v {
			dst[i] = v
		}
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
