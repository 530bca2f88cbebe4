//go:build !noasm

package idct

import "halfmeg/kernels/internal/isa"

// backendFor returns the kernels for an instruction set. SDOT does not help
// here, so dotprod uses the NEON kernels too.
func backendFor(s isa.Set) backend {
	if s == isa.Generic {
		return generic
	}
	return backend{
		row8: func(dst []byte, stride int, coefficients []int16) {
			if n := len(coefficients) / 64; n > 0 {
				row8NEON(&dst[0], stride, &coefficients[0], &constants[0], n)
			}
		},
		row4: func(dst []byte, stride int, coefficients []int16) {
			if n := len(coefficients) / 32; n > 0 {
				row4NEON(&dst[0], stride, &coefficients[0], &constants[0], n)
			}
		},
	}
}

// constants are those of the assembly, in the order in which it loads them.
var constants = [...]int16{cos2, sin2, sqrt2, cos1, sin1, cos3, sin3}

// row8NEON is Row for n blocks of size 8.
//
//go:noescape
func row8NEON(dst *byte, stride int, coefficients, constants *int16, n int)

// row4NEON is Row for n pairs of blocks of size 4.
//
//go:noescape
func row4NEON(dst *byte, stride int, coefficients, constants *int16, n int)
