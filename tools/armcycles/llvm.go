package main

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// llvmVersion is the suffix of Debian's LLVM programs.
const llvmVersion = "-19"

// attributes are instruction set extensions beyond those of a model, so that
// every word has a name.
const attributes = "--mattr=+v8.6a,+dotprod,+i8mm,+fullfp16,+crypto,+lse"

// toolchain runs programs of LLVM.
type toolchain struct{ dir string }

// disassemble returns the assembly of every word of the profiles.
func (t toolchain) disassemble(ctx context.Context, profiles ...*profile) (map[word]string, error) {
	var words []word
	for _, p := range profiles {
		for _, b := range p.blocks {
			words = append(words, b.code...)
		}
	}
	slices.Sort(words)
	words = slices.Compact(words)
	var source strings.Builder
	for _, w := range words {
		fmt.Fprintf(&source, ".inst 0x%08x\n", uint32(w))
	}
	object := filepath.Join(t.dir, "words.o")
	assemble := command(ctx, "llvm-mc"+llvmVersion, "-triple=aarch64", "-filetype=obj", "-o", object)
	assemble.Stdin = strings.NewReader(source.String())
	if _, err := output(assemble); err != nil {
		return nil, err
	}
	text, err := output(command(ctx, "llvm-objdump"+llvmVersion, "-d", "--no-show-raw-insn", "--no-print-imm-hex", attributes, object))
	if err != nil {
		return nil, err
	}
	lines := disassembled.FindAllStringSubmatch(string(text), -1)
	if len(lines) != len(words) {
		return nil, fmt.Errorf("llvm-objdump: %d lines for %d instructions", len(lines), len(words))
	}
	code := make(map[word]string, len(words))
	for i, w := range words {
		code[w] = standalone(lines[i][1])
	}
	return code, nil
}

// disassembled is a line of llvm-objdump: "   4: \tadd\tx0, x1, x2".
var disassembled = regexp.MustCompile(`(?m)^\s*[0-9a-f]+:\s+(.*)$`)

var (
	comment     = regexp.MustCompile(`\s*(//.*|<.*>)$`)
	lastOperand = regexp.MustCompile(`,\s*[^,]+$`)
	literal     = regexp.MustCompile(`,\s*0x[0-9a-f]+$`)
)

// standalone rewrites an instruction so that llvm-mca accepts it without its
// context: branches and literals get a target that needs no label, and an
// instruction without a timing model becomes a nop.
func standalone(text string) string {
	text = strings.ReplaceAll(text, "\t", " ")
	if strings.Contains(text, "<unknown>") {
		return "nop"
	}
	text = comment.ReplaceAllString(text, "")
	name := mnemonic(text)
	switch name {
	case "b", "bl":
		return name + " #8"
	case "cbz", "cbnz", "tbz", "tbnz":
		return lastOperand.ReplaceAllString(text, ", #8")
	case "adr", "adrp":
		return lastOperand.ReplaceAllString(text, ", #0")
	case "ldr", "ldrsw":
		return literal.ReplaceAllString(text, ", #8")
	case "svc", "brk", "hlt", "udf", "yield", "wfe", "isb", "dsb", "dmb", "sb", "bti", "hint", "paciasp", "autiasp":
		return "nop"
	}
	if strings.HasPrefix(name, "b.") {
		return name + " #8"
	}
	return text
}

func mnemonic(text string) string {
	name, _, _ := strings.Cut(text, " ")
	return name
}

// cpi is cycles per instruction: the mean over all instructions of the
// windows, and the relative standard error of the mean over the windows.
type cpi struct {
	mean, relativeError float64
	windows             int
}

// shortest is the minimum number of instructions in a window: fewer may not fill
// the pipeline.
const shortest = 200

// estimate simulates the second half of each window: the first fills the
// pipeline. The time to decode the code is a lower bound.
func (t toolchain) estimate(ctx context.Context, c core, p *profile, code map[word]string) (cpi, error) {
	var whole, firstHalf [][]string
	for _, ids := range p.windows {
		var lines []string
		for _, id := range ids {
			for _, w := range p.blocks[id].code {
				lines = append(lines, code[w])
			}
		}
		if len(lines) < shortest {
			continue // the last one, truncated
		}
		whole = append(whole, lines)
		firstHalf = append(firstHalf, lines[:len(lines)/2])
	}
	if len(whole) < 2 {
		return cpi{}, fmt.Errorf("%d windows were recorded, at least 2 are needed: count a longer run", len(whole))
	}
	wholeCycles, err := t.cycles(ctx, c.model, whole)
	if err != nil {
		return cpi{}, err
	}
	halfCycles, err := t.cycles(ctx, c.model, firstHalf)
	if err != nil {
		return cpi{}, err
	}
	var cycles, instructions float64
	ratios := make([]float64, len(whole))
	for i := range whole {
		n := float64(len(whole[i]) - len(firstHalf[i]))
		spent := max(float64(wholeCycles[i]-halfCycles[i]), n/float64(c.width))
		cycles, instructions = cycles+spent, instructions+n
		ratios[i] = spent / n
	}
	return cpi{cycles / instructions, relativeError(ratios), len(ratios)}, nil
}

// relativeError returns the standard error of the mean, relative to the mean.
func relativeError(values []float64) float64 {
	n := float64(len(values))
	var sum, squares float64
	for _, v := range values {
		sum += v
	}
	for _, v := range values {
		squares += (v - sum/n) * (v - sum/n)
	}
	return math.Sqrt(squares/(n-1)/n) / (sum / n)
}

// Lines of llvm-mca's report that matter here.
var (
	regionLine = regexp.MustCompile(`^\[\d+\] Code Region - r(\d+)$`)
	cyclesLine = regexp.MustCompile(`^Total Cycles:\s+(\d+)$`)
)

// cycles simulates sequences of instructions, each once, from an empty pipeline.
func (t toolchain) cycles(ctx context.Context, model string, sequences [][]string) ([]int, error) {
	var source strings.Builder
	for i, s := range sequences {
		fmt.Fprintf(&source, "# LLVM-MCA-BEGIN r%d\n%s\n# LLVM-MCA-END\n", i, strings.Join(s, "\n"))
	}
	file := filepath.Join(t.dir, "windows.s")
	if err := os.WriteFile(file, []byte(source.String()), 0o600); err != nil {
		return nil, err
	}
	text, err := output(command(ctx, "llvm-mca"+llvmVersion, "-mtriple=aarch64", "-mcpu="+model, attributes,
		"-iterations=1", "-instruction-info=0", "-resource-pressure=0", "-skip-unsupported-instructions=any", file))
	if err != nil {
		return nil, err
	}
	return parseCycles(string(text), len(sequences))
}

func parseCycles(text string, sequences int) ([]int, error) {
	list := make([]int, sequences)
	region := -1
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if m := regionLine.FindStringSubmatch(line); m != nil {
			region, _ = strconv.Atoi(m[1])
		}
		if m := cyclesLine.FindStringSubmatch(line); m != nil && region >= 0 && region < sequences {
			list[region], _ = strconv.Atoi(m[1])
		}
	}
	if i := slices.Index(list, 0); i >= 0 {
		return nil, fmt.Errorf("llvm-mca reports no cycles for window %d of %d", i+1, sequences)
	}
	return list, nil
}
