// Package isa selects the instruction set whose kernels a process uses. Nothing
// else in the project queries the processor, except package quant/float, which has
// kernels of its own and ignores HALFMEG_CPU.
package isa

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

// Set is an instruction set that kernels exist for.
type Set string

// The instruction sets of all architectures.
const (
	Generic    Set = "generic"    // plain Go, everywhere
	AVX2       Set = "avx2"       // amd64
	AVXVNNI    Set = "avxvnni"    // amd64 with VPDPBUSD of 256 bits (AVX-VNNI)
	AVX512VNNI Set = "avx512vnni" // amd64 with VPDPBUSD of 512 bits (AVX-512 VNNI)
	NEON       Set = "neon"       // every arm64
	Dotprod    Set = "dotprod"    // arm64 with SDOT (FEAT_DotProd, optional from Armv8.2 on)
)

// variable is the environment variable that selects a slower instruction set.
const variable = "HALFMEG_CPU"

var (
	known     = []Set{Generic, AVX2, AVXVNNI, AVX512VNNI, NEON, Dotprod}
	available = append([]Set{Generic}, detect()...)

	selected, errSelected = find(os.Getenv(variable))
)

// Available lists the instruction sets that this build supports on this
// machine, the slowest first. The first is Generic.
func Available() []Set { return slices.Clone(available) }

// Selected returns the fastest available instruction set, or the one that
// HALFMEG_CPU names. If that one is not available it returns Generic and an
// error.
func Selected() (Set, error) { return selected, errSelected }

func find(name string) (Set, error) {
	s := Set(name)
	switch {
	case name == "":
		return available[len(available)-1], nil
	case slices.Contains(available, s):
		return s, nil
	case slices.Contains(known, s):
		return Generic, unavailable(name, "not supported by this machine or build")
	default:
		return Generic, unavailable(name, "no such instruction set")
	}
}

func unavailable(name, why string) error {
	names := make([]string, len(available))
	for i, s := range available {
		names[i] = string(s)
	}
	return fmt.Errorf("%s=%s: %s; supported here: %s", variable, name, why, strings.Join(names, ", "))
}
