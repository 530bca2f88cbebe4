//go:build noasm || !arm64

package resample

import "halfmeg/kernels/internal/isa"

// backendFor returns the plain loops: there is no assembly in this build.
func backendFor(isa.Set) backend { return generic }
