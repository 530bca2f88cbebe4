//go:build (amd64 || arm64) && !noasm

package idct

import "halfmeg/kernels/internal/isa"

// backendFor returns the kernels for an instruction set. Every one but the plain loops has
// the instructions that they need.
func backendFor(s isa.Set) backend {
	if s == isa.Generic {
		return generic
	}
	return backend{
		row8: func(dst []byte, stride int, coefficients []int16) {
			if n := len(coefficients) / 64; n > 0 {
				row8Vector(&dst[0], stride, &coefficients[0], &constants[0], n)
			}
		},
		row4: func(dst []byte, stride int, coefficients []int16) {
			if n := len(coefficients) / 32; n > 0 {
				row4Vector(&dst[0], stride, &coefficients[0], &constants[0], n)
			}
		},
	}
}

// row8Vector is Row for n blocks of size 8.
//
//go:noescape
func row8Vector(dst *byte, stride int, coefficients, constants *int16, n int)

// row4Vector is Row for n pairs of blocks of size 4.
//
//go:noescape
func row4Vector(dst *byte, stride int, coefficients, constants *int16, n int)
