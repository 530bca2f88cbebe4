//go:build !noasm

package idct

import "halfmeg/kernels/internal/isa"

// backendFor returns the plain loops.
func backendFor(isa.Set) backend { return generic }
