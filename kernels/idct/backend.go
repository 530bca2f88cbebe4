package idct

import "halfmeg/kernels/internal/isa"

// backend is the kernels for one instruction set.
type backend struct {
	row8 func(dst []byte, stride int, coefficients []int16)
	row4 func(dst []byte, stride int, coefficients []int16)
}

var (
	selected, _ = isa.Selected() // kernels.InstructionSet reports the error

	// active is the backend used by the process.
	active = backendFor(selected)
)
