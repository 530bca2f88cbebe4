package kernels

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

// implementation is all kernels for one instruction set. Every one gives the
// bits of the plain Go loops.
type implementation struct {
	name string
	// conv makes a convolution ready.
	conv func(c foldedConv) packedConv
	// maxPool is MaxPool.
	maxPool func(dst, src Map, p PoolSpec, rows Span)
}

// packedConv is a convolution packed for one instruction set.
type packedConv interface {
	// block is Conv.Block for at least one row, one pixel and one channel.
	block(dst, src Map, width int, rows, channels Span)
	// sums is Conv.Sums for at least one channel and one pixel.
	sums(sums []int64, src Map, width, height int, channels Span)
	name() string
	bytes() int
}

// knownNames are the instruction sets that there are kernels for on one
// architecture or another.
var knownNames = []string{"generic", "avx2", "neon", "dotprod"}

// implementations are those that this machine can run, the slowest first.
var implementations = append([]implementation{generic}, ofMachine()...)

// instructionSetVariable masks the fastest implementations: it names the one
// to use.
const instructionSetVariable = "HALFMEG_CPU"

// chosen is what every convolution and pool of this process uses. After an
// error it is the plain loops.
var chosen, errChosen = choose(os.Getenv(instructionSetVariable))

// choose finds the implementation with this name, or the fastest for none.
func choose(name string) (implementation, error) {
	if name == "" {
		return implementations[len(implementations)-1], nil
	}
	var names []string
	for _, i := range implementations {
		if i.name == name {
			return i, nil
		}
		names = append(names, i.name)
	}
	why := "no such instruction set"
	if slices.Contains(knownNames, name) {
		why = "this machine lacks it"
	}
	return generic, fmt.Errorf("%s=%s: %s; there are kernels for %s", instructionSetVariable, name, why, strings.Join(names, ", "))
}

// InstructionSet names the implementation in use: the fastest that the
// machine can run, or the one that the environment variable HALFMEG_CPU asks
// for (generic, avx2, neon, dotprod). It is an error if that one cannot be
// had.
func InstructionSet() (string, error) { return chosen.name, errChosen }
