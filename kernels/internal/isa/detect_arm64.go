//go:build !noasm

package isa

import "golang.org/x/sys/cpu"

// detect returns the available instruction sets other than Generic, the
// slowest first.
func detect() []Set {
	if cpu.ARM64.HasASIMDDP {
		return []Set{NEON, Dotprod}
	}
	return []Set{NEON}
}
