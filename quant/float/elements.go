package float

// Elementwise loops, most of them over n runs of length elements: the channels of
// pixels that are part of a wider map. The starts of the runs are ld… elements apart in
// a slice. Each loop calls a vector version for the leading elements of a run, which
// returns how many it has done (0 where there is none), and does the rest in plain Go.
// Both compute the same bits.

// reluRuns sets negative elements to zero.
func reluRuns(x []float32, ldx, length, n int) {
	done := reluRunsVector(x, ldx, length, n)
	if done == length {
		return
	}
	for i := range n {
		for j := i*ldx + done; j < i*ldx+length; j++ {
			x[j] = max(x[j], 0)
		}
	}
}

// copyRuns copies src to dst.
func copyRuns(dst []float32, ldd int, src []float32, lds, length, n int) {
	if copyRunsVector(dst, ldd, src, lds, length, n) {
		return
	}
	for i := range n {
		copy(dst[i*ldd:i*ldd+length], src[i*lds:i*lds+length])
	}
}

// AddTo adds src to dst, which has the same length.
func AddTo(dst, src []float32) { addRuns(dst, 0, src, 0, len(dst), 1) }

// AddWide adds values to sums, which may be longer.
func AddWide(sums []float64, values []float32) {
	sums = sums[:len(values)]
	for i := addWideVector(sums, values); i < len(values); i++ {
		sums[i] += float64(values[i])
	}
}

// FromBytes writes src times scale to dst, which has the same length.
func FromBytes(dst []float32, src []uint8, scale float32) {
	dst = dst[:len(src)]
	for i := fromBytesVector(dst, src, scale); i < len(src); i++ {
		dst[i] = float32(src[i]) * scale
	}
}

// addRuns adds src to dst, run by run: if ldd is 0, it sums them.
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

// closeGates sets d to zero where out <= base.
func closeGates(d []float32, ldd int, out []float32, ldo int, base []float32, ldb, length, n int) {
	done := closeGatesVector(d, ldd, out, ldo, base, ldb, length, n)
	if done == length {
		return
	}
	for i := range n {
		for j := done; j < length; j++ {
			if out[i*ldo+j] <= base[i*ldb+j] {
				d[i*ldd+j] = 0
			}
		}
	}
}

// routeGradient adds d to dst, by channel, at the first of a window's nine pixels in
// which in equals largest. Pixels may repeat. Their channels start at rows[y] +
// columns[x], in this order, in dst as in in. It overwrites d.
func routeGradient(dst, in, d, largest []float32, rows, columns [3]int) {
	done := routeGradientVector(dst, in, d, largest, rows, columns)
	if done == len(d) {
		return
	}
	for _, row := range rows {
		for _, column := range columns {
			to, from := dst[row+column:][:len(d)], in[row+column:]
			for c := done; c < len(d); c++ {
				if from[c] == largest[c] {
					to[c] += d[c]
					d[c] = 0
				}
			}
		}
	}
}
