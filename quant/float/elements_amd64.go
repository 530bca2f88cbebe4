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

func reluVector(x []float32) int {
	n := vectored(len(x))
	if n > 0 {
		reluAVX2(&x[0], n)
	}
	return n
}

func addVector(dst, src []float32) int {
	n := vectored(len(dst))
	if n > 0 {
		addAVX2(&dst[0], &src[:n][0], n)
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

func closeGateVector(d, out, base []float32) int {
	n := vectored(len(d))
	if n > 0 {
		closeGateAVX2(&d[0], &out[:n][0], &base[:n][0], n)
	}
	return n
}

func routeGradientVector(dst, d, in, largest []float32) int {
	n := vectored(len(dst))
	if n > 0 {
		routeGradientAVX2(&dst[0], &d[:n][0], &in[:n][0], &largest[:n][0], n)
	}
	return n
}

//go:noescape
func reluAVX2(x *float32, n int)

//go:noescape
func addAVX2(dst, src *float32, n int)

//go:noescape
func maxOfAVX2(dst, x, y, z *float32, n int)

//go:noescape
func closeGateAVX2(d, out, base *float32, n int)

//go:noescape
func routeGradientAVX2(dst, d, in, largest *float32, n int)
