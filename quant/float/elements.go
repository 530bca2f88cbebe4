package float

// Loops over single elements. The vector part of a loop, where the machine
// has one, does a leading part and tells its length; plain Go does the rest
// with the same bits.

// relu sets what is negative to zero.
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

// raise lifts dst to what is larger in src, or not a number.
func raise(dst, src []float32) {
	for i := raiseVector(dst, src); i < len(dst); i++ {
		if v := src[i]; v > dst[i] || v != v {
			dst[i] = v
		}
	}
}

// closeGate sets to zero each element of d whose out is not above base.
func closeGate(d, out, base []float32) {
	for i := closeGateVector(d, out, base); i < len(d); i++ {
		if out[i] <= base[i] {
			d[i] = 0
		}
	}
}

// moveEqual moves each element of d to dst, adding, where in is largest.
func moveEqual(dst, d, in, largest []float32) {
	for i := moveEqualVector(dst, d, in, largest); i < len(dst); i++ {
		if in[i] == largest[i] {
			dst[i] += d[i]
			d[i] = 0
		}
	}
}
