//go:build !noasm

package idct

import "halfmeg/kernels/internal/isa"

// backendFor returns the kernels for an instruction set.
func backendFor(s isa.Set) backend {
	if s == isa.Generic {
		return generic
	}
	return backend{
		row8: func(dst []byte, stride int, coefficients []int16) {
			if n := len(coefficients) / 64; n > 0 {
				row8AVX2(&dst[0], stride, &coefficients[0], &vectors[0], n)
			}
		},
		row4: func(dst []byte, stride int, coefficients []int16) {
			if n := len(coefficients) / 32; n > 0 {
				row4AVX2(&dst[0], stride, &coefficients[0], &vectors[0], n)
			}
		},
	}
}

// vectors are the constants of the assembly, each in all lanes.
var vectors = func() (v [9][8]int16) {
	for i, c := range [...]int16{cos2, sin2, sqrt2, cos1, sin1, cos3, sin3, outputRound, -0x7f80} {
		for lane := range v[i] {
			v[i][lane] = c
		}
	}
	return v
}()

// row8AVX2 is Row for n blocks of size 8.
//
//go:noescape
func row8AVX2(dst *byte, stride int, coefficients *int16, vectors *[8]int16, n int)

// row4AVX2 is Row for n pairs of blocks of size 4.
//
//go:noescape
func row4AVX2(dst *byte, stride int, coefficients *int16, vectors *[8]int16, n int)
