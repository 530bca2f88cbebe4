//go:build !noasm

package float

import "golang.org/x/sys/cpu"

// vectored rounds n down to whole vectors of eight; without AVX2 it is 0.
func vectored(n int) int {
	if !cpu.X86.HasAVX2 {
		return 0
	}
	return n &^ 7
}

func reluRunsVector(x []float32, ldx, length, n int) int {
	done := vectored(length)
	if done > 0 && n > 0 {
		_ = x[(n-1)*ldx+done-1]
		reluRunsAVX2(&x[0], ldx, done, n)
	}
	return done
}

func copyRunsVector(dst []float32, ldd int, src []float32, lds, length, n int) bool {
	if vectored(length) == 0 || n <= 0 {
		return false
	}
	_, _ = dst[(n-1)*ldd+length-1], src[(n-1)*lds+length-1]
	copyRunsAVX2(&dst[0], ldd, &src[0], lds, length, n)
	return true
}

func addRunsVector(dst []float32, ldd int, src []float32, lds, length, n int) int {
	done := vectored(length)
	if done > 0 && n > 0 {
		_, _ = dst[(n-1)*ldd+done-1], src[(n-1)*lds+done-1]
		addRunsAVX2(&dst[0], ldd, &src[0], lds, done, n)
	}
	return done
}

func addWideVector(sums []float64, values []float32) int {
	n := vectored(len(values))
	if n > 0 {
		addWideAVX2(&sums[:n][0], &values[0], n)
	}
	return n
}

func fromBytesVector(dst []float32, src []uint8, scale float32) int {
	n := vectored(len(src))
	if n > 0 {
		fromBytesAVX2(&dst[:n][0], &src[0], scale, n)
	}
	return n
}

func maxOfVector(dst, x, y, z []float32) int {
	n := vectored(len(dst))
	if n > 0 {
		maxOfAVX2(&dst[0], &x[:n][0], &y[:n][0], &z[:n][0], n)
	}
	return n
}

func closeGatesVector(d []float32, ldd int, out []float32, ldo int, base []float32, ldb, length, n int) int {
	done := vectored(length)
	if done > 0 && n > 0 {
		_, _, _ = d[(n-1)*ldd+done-1], out[(n-1)*ldo+done-1], base[(n-1)*ldb+done-1]
		closeGatesAVX2(&d[0], ldd, &out[0], ldo, &base[0], ldb, done, n)
	}
	return done
}

func routeGradientVector(dst, in, d, largest []float32, rows, columns [3]int) int {
	n := vectored(len(d))
	if n > 0 {
		end := rows[2] + columns[2] + n // the last pixel
		routeGradientAVX2(&dst[:end][0], &in[:end][0], &d[0], &largest[:n][0], &rows, &columns, n)
	}
	return n
}

//go:noescape
func reluRunsAVX2(x *float32, ldx, length, n int)

//go:noescape
func copyRunsAVX2(dst *float32, ldd int, src *float32, lds, length, n int)

//go:noescape
func addRunsAVX2(dst *float32, ldd int, src *float32, lds, length, n int)

//go:noescape
func addWideAVX2(sums *float64, values *float32, n int)

//go:noescape
func fromBytesAVX2(dst *float32, src *uint8, scale float32, n int)

//go:noescape
func maxOfAVX2(dst, x, y, z *float32, n int)

//go:noescape
func closeGatesAVX2(d *float32, ldd int, out *float32, ldo int, base *float32, ldb, length, n int)

//go:noescape
func routeGradientAVX2(dst, in, d, largest *float32, rows, columns *[3]int, n int)
