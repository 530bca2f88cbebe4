// Package kerneltest holds the checks that the tests of kernels share.
package kerneltest

import (
	"encoding/binary"
	"go/constant"
	"go/token"
	"go/types"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// macro is a line of neon_arm64.h: an instruction given as a WORD, followed by
// its disassembly.
type macro struct {
	name        string
	operands    []string
	word        string // a constant expression over the operands
	disassembly string // with {operand} for the operand's number
}

var macroLine = regexp.MustCompile(`^#define (\w+)\(([a-z, ]+)\) WORD \$(\(.+\)) // (.+)$`)

func readMacros(t *testing.T) []macro {
	header, err := os.ReadFile("neon_arm64.h")
	require.NoError(t, err)
	var macros []macro
	for _, line := range strings.Split(string(header), "\n") {
		if !strings.HasPrefix(line, "#") {
			continue
		}
		found := macroLine.FindStringSubmatch(line)
		require.NotNil(t, found, "not a macro of one WORD: %s", line)
		macros = append(macros, macro{found[1], strings.Split(found[2], ", "), found[3], found[4]})
	}
	return macros
}

// encode evaluates the word for these operands. Go's assembler reads such an
// expression as Go does.
func (m macro) encode(t *testing.T, operands map[string]int) uint32 {
	expression := m.word
	for name, value := range operands {
		expression = strings.ReplaceAll(expression, "("+name+")", strconv.Itoa(value))
	}
	v, err := types.Eval(token.NewFileSet(), nil, token.NoPos, expression)
	require.NoError(t, err, "%s: %s", m.name, expression)
	word, exact := constant.Uint64Val(v.Value)
	require.True(t, exact && word>>32 == 0, "%s: %s", m.name, expression)
	return uint32(word)
}

// expect returns the disassembly for these operands.
func (m macro) expect(operands map[string]int) string {
	text := m.disassembly
	for name, value := range operands {
		text = strings.ReplaceAll(text, "{"+name+"}", strconv.Itoa(value))
	}
	return text
}

// samples are operands that set and clear every bit: register numbers, an
// index i below 4, a shift s from 1 to 8.
func (m macro) samples() (list []map[string]int) {
	for _, base := range []int{0, 1, 2, 5, 11, 21, 31} {
		operands := map[string]int{}
		for i, name := range m.operands {
			operands[name] = (base + 7*i) % 32
			switch name {
			case "i":
				operands[name] = base % 4
			case "s":
				operands[name] = 1 + base%8
			}
		}
		list = append(list, operands)
	}
	return list
}

// CheckEncodings compares every macro of the package's neon_arm64.h with the
// disassembly of binutils, and its name with the mnemonic and the arrangement
// of the destination.
func CheckEncodings(t *testing.T) {
	objdump, err := exec.LookPath("aarch64-linux-gnu-objdump")
	if err != nil {
		t.Skip("LEFT OUT: words against their disassembly: need aarch64-linux-gnu-objdump; make deps installs it")
	}
	var words []byte
	var want []string
	for _, m := range readMacros(t) {
		mnemonic, rest, _ := strings.Cut(m.disassembly, " v{d}.")
		arrangement, _, _ := strings.Cut(rest, ",")
		require.True(t, strings.HasPrefix(m.name, strings.ToUpper(mnemonic+"_"+arrangement)), m.name)
		for _, operands := range m.samples() {
			words = binary.LittleEndian.AppendUint32(words, m.encode(t, operands))
			want = append(want, m.expect(operands))
		}
	}
	file := filepath.Join(t.TempDir(), "words")
	require.NoError(t, os.WriteFile(file, words, 0o600))
	out, err := exec.Command(objdump, "-D", "-b", "binary", "-m", "aarch64", "--no-show-raw-insn", file).Output()
	require.NoError(t, err)
	var got []string
	for _, line := range regexp.MustCompile(`(?m)^ +[0-9a-f]+:\t(.+)$`).FindAllStringSubmatch(string(out), -1) {
		got = append(got, strings.ReplaceAll(line[1], "\t", " "))
	}
	require.NotEmpty(t, want)
	require.Equal(t, want, got)
}

// CheckNoWords fails the test if assembly of the package uses WORD anywhere but
// in neon_arm64.h.
func CheckNoWords(t *testing.T) {
	files, err := filepath.Glob("*.s")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, name := range files {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		require.NotContains(t, string(text), "WORD", "%s: put the instruction into neon_arm64.h", name)
	}
}
