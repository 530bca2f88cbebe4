package kernels

import "halfmeg/kernels/internal/isa"

// backend is the kernels for one instruction set. All return the same bits.
type backend struct {
	pack    func(c foldedConv) packedConv
	maxPool func(dst, src Map, p PoolSpec, rows Span)
}

var (
	selected, errSelected = isa.Selected()

	// active is the backend used by the process.
	active = backendFor(selected)
)

// InstructionSet names the instruction set in use: the fastest one of the
// machine, or the one that the environment variable HALFMEG_CPU names
// (generic, avx2, avxvnni, avx512vnni, neon, dotprod). If that one is not
// available it returns generic and an error.
func InstructionSet() (string, error) { return string(selected), errSelected }
