//go:build noasm || (!arm64 && !amd64)

package idct

import "halfmeg/kernels/internal/isa"

// backendFor returns the plain loops: there is no assembly in this build.
func backendFor(isa.Set) backend { return generic }
