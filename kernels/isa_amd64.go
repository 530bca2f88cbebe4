//go:build !noasm

package kernels

import "halfmeg/kernels/internal/isa"

func backendFor(s isa.Set) backend {
	switch s {
	case isa.AVX512VNNI:
		return backend{packerFor(s, tiling{units: 2, unit: 7, panels: 2}), maxPoolVector}
	case isa.AVXVNNI, isa.AVX2:
		return backend{packerFor(s, tiling{units: 3, unit: 2, panels: 1}), maxPoolVector}
	default:
		return generic
	}
}
