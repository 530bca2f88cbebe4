//go:build !noasm

package isa

import "golang.org/x/sys/cpu"

// detect returns the available instruction sets other than Generic, the
// slowest first.
func detect() []Set {
	if cpu.X86.HasAVX2 {
		return []Set{AVX2}
	}
	return nil
}
