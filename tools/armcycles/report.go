package main

import (
	"cmp"
	"debug/elf"
	"fmt"
	"io"
	"maps"
	"slices"
	"sort"
	"strings"
)

// maxListed is how many mnemonics and functions the report names.
const maxListed = 12

// report is what a run of the tool found.
type report struct {
	config config
	core   core
	counts *profile
	code   map[word]string
	cpi    cpi
}

func (r report) print(w io.Writer) {
	total := r.counts.instructions()
	per := float64(r.config.per)
	cycles := float64(total) * r.cpi.mean / per
	misses := float64(r.counts.l2Misses) / per
	fmt.Fprintf(w, "%s (%s), per 1 of %d: %s\n", r.config.core, r.core.boards, r.config.per, strings.Join(r.config.program, " "))
	fmt.Fprintf(w, "instructions  %.3f M\n", float64(total)/per/1e6)
	fmt.Fprintf(w, "cycles        %.2f M ± %.1f %% (standard error over %d windows), %.2f instructions per cycle\n",
		cycles/1e6, 100*r.cpi.relativeError, r.cpi.windows, 1/r.cpi.mean)
	if r.config.macs > 0 {
		fmt.Fprintf(w, "              %.2f multiply-accumulates per cycle\n", float64(r.config.macs)/cycles)
	}
	fmt.Fprintf(w, "data cache    %.3f M accesses, %.3f M misses of L1 (%d KiB), %.3f M of L2 (%d KiB)\n",
		float64(r.counts.accesses)/per/1e6, float64(r.counts.l1Misses)/per/1e6, r.core.l1>>10, misses/1e6, r.core.l2>>10)
	fmt.Fprintf(w, "with memory   %.2f M cycles, at %d a miss of L2\n", (cycles+misses*float64(r.core.miss))/1e6, r.core.miss)
	r.printShares(w, "instruction", r.byMnemonic())
	r.printShares(w, "function", r.byFunction())
}

// printShares lists the most frequent keys with their share of all instructions.
func (r report) printShares(w io.Writer, of string, counts map[string]int) {
	keys := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
	fmt.Fprintf(w, "%%      %s\n", of)
	for _, k := range keys[:min(maxListed, len(keys))] {
		fmt.Fprintf(w, "%5.1f  %s\n", 100*float64(counts[k])/float64(r.counts.instructions()), k)
	}
}

func (r report) byMnemonic() map[string]int {
	counts := map[string]int{}
	for _, b := range r.counts.blocks {
		for _, w := range b.code {
			counts[mnemonic(r.code[w])] += b.executions
		}
	}
	return counts
}

// byFunction adds up instructions by the function that a block begins in.
func (r report) byFunction() map[string]int {
	functions := readFunctions(r.config.program[0])
	counts := map[string]int{}
	for _, b := range r.counts.blocks {
		counts[functions.at(b.address)] += b.executions * len(b.code)
	}
	return counts
}

// functions of a program, by address.
type functions []elf.Symbol

// readFunctions returns nothing for a program without symbols.
func readFunctions(path string) functions {
	f, err := elf.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	symbols, err := f.Symbols()
	if err != nil {
		return nil
	}
	list := slices.DeleteFunc(symbols, func(s elf.Symbol) bool { return elf.ST_TYPE(s.Info) != elf.STT_FUNC })
	slices.SortFunc(list, func(a, b elf.Symbol) int { return cmp.Compare(a.Value, b.Value) })
	return list
}

func (f functions) at(address uint64) string {
	after := sort.Search(len(f), func(i int) bool { return f[i].Value > address })
	if after == 0 || address >= f[after-1].Value+max(f[after-1].Size, 4) {
		return "?"
	}
	return f[after-1].Name
}
