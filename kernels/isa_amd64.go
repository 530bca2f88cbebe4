//go:build !noasm

package kernels

import "halfmeg/kernels/internal/isa"

func backendFor(s isa.Set) backend {
	if s == isa.AVX2 {
		return backend{packAVX2, maxPoolVector}
	}
	return generic
}
