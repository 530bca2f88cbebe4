//go:build !noasm

package isa

import "golang.org/x/sys/cpu"

// detect returns the available instruction sets other than Generic, the
// slowest first.
func detect() []Set {
	if !cpu.X86.HasAVX2 {
		return nil
	}
	sets := []Set{AVX2}
	if cpu.X86.HasAVXVNNI {
		sets = append(sets, AVXVNNI)
	}
	if cpu.X86.HasAVX512BW && cpu.X86.HasAVX512VL && cpu.X86.HasAVX512VNNI {
		sets = append(sets, AVX512VNNI)
	}
	return sets
}
