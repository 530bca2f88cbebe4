//go:build !noasm

package kernels

import "halfmeg/kernels/internal/isa"

func backendFor(s isa.Set) backend {
	switch s {
	case isa.Dotprod:
		return backend{packDotprod, maxPoolVector}
	case isa.NEON:
		return backend{packNEON, maxPoolVector}
	default:
		return generic
	}
}
