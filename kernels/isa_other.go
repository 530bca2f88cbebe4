//go:build noasm || !(amd64 || arm64)

package kernels

import "halfmeg/kernels/internal/isa"

// backendFor returns the plain loops: there is no assembly in this build.
func backendFor(isa.Set) backend { return generic }
