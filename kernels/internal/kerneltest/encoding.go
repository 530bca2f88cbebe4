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

// Header is a file of instructions that Go's assembler cannot encode.
type Header struct {
	file      string
	objdump   string // of binutils
	machine   string // objdump's name of the architecture
	registers int    // vector registers
}

// The headers of each architecture.
var (
	ARM64 = Header{"neon_arm64.h", "aarch64-linux-gnu-objdump", "aarch64", 32}
	AMD64 = Header{"vnni_amd64.h", "x86_64-linux-gnu-objdump", "i386:x86-64", 16}
)

// macro is a line of a header: an instruction given as a WORD, or as a BYTE and a
// LONG, followed by its disassembly.
type macro struct {
	name        string
	operands    []string
	first       string // a byte, or empty
	word        string // a constant expression over the operands
	disassembly string // with {operand} for the operand's number
}

var macroLine = regexp.MustCompile(`^#define (\w+)\(([a-z, ]+)\) (?:BYTE \$(0x[0-9A-F]{2}); LONG|WORD) \$(\(.+\)) // (.+)$`)

func (h Header) macros(t *testing.T) []macro {
	text, err := os.ReadFile(h.file)
	require.NoError(t, err)
	var macros []macro
	for _, line := range strings.Split(string(text), "\n") {
		if !strings.HasPrefix(line, "#") {
			continue
		}
		found := macroLine.FindStringSubmatch(line)
		require.NotNil(t, found, "not a macro of one instruction: %s", line)
		macros = append(macros, macro{found[1], strings.Split(found[2], ", "), found[3], found[4], found[5]})
	}
	return macros
}

// destination matches the mnemonic and, on arm64, the arrangement of the
// destination, or on amd64 the first letter of the registers.
var destination = regexp.MustCompile(`^(?:\{vex\} )?(\w+) (?:v\{d\}\.(\w+),|%([a-z])mm)`)

// prefix returns what the macro's name starts with.
func (m macro) prefix(t *testing.T) string {
	found := destination.FindStringSubmatch(m.disassembly)
	require.NotNil(t, found, m.disassembly)
	return strings.ToUpper(found[1] + "_" + found[2] + found[3])
}

// encode returns the instruction for these operands. Go's assembler reads such an
// expression as Go does.
func (m macro) encode(t *testing.T, operands map[string]int) []byte {
	var code []byte
	if m.first != "" {
		b, err := strconv.ParseUint(m.first, 0, 8)
		require.NoError(t, err, m.name)
		code = append(code, byte(b))
	}
	expression := m.word
	for name, value := range operands {
		expression = strings.ReplaceAll(expression, "("+name+")", strconv.Itoa(value))
	}
	v, err := types.Eval(token.NewFileSet(), nil, token.NoPos, expression)
	require.NoError(t, err, "%s: %s", m.name, expression)
	word, exact := constant.Uint64Val(v.Value)
	require.True(t, exact && word>>32 == 0, "%s: %s", m.name, expression)
	return binary.LittleEndian.AppendUint32(code, uint32(word))
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
func (m macro) samples(registers int) (list []map[string]int) {
	for _, base := range []int{0, 1, 2, 5, 11, 21, 31} {
		operands := map[string]int{}
		for i, name := range m.operands {
			operands[name] = (base + 7*i) % registers
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

// CheckEncodings compares every macro of the package's header with the
// disassembly of binutils, and its name with the mnemonic and the kind of the
// destination.
func CheckEncodings(t *testing.T, h Header) {
	objdump, err := exec.LookPath(h.objdump)
	if err != nil {
		t.Skipf("LEFT OUT: words against their disassembly: need %s; make deps installs it", h.objdump)
	}
	var code []byte
	var want []string
	for _, m := range h.macros(t) {
		require.True(t, strings.HasPrefix(m.name, m.prefix(t)), m.name)
		for _, operands := range m.samples(h.registers) {
			code = append(code, m.encode(t, operands)...)
			want = append(want, m.expect(operands))
		}
	}
	file := filepath.Join(t.TempDir(), "code")
	require.NoError(t, os.WriteFile(file, code, 0o600))
	out, err := exec.Command(objdump, "-D", "-b", "binary", "-m", h.machine, "--no-show-raw-insn", file).Output()
	require.NoError(t, err)
	var got []string
	for _, line := range regexp.MustCompile(`(?m)^ +[0-9a-f]+:\t(.+)$`).FindAllStringSubmatch(string(out), -1) {
		got = append(got, strings.ReplaceAll(line[1], "\t", " "))
	}
	require.NotEmpty(t, want)
	require.Equal(t, want, got)
}

// CheckNoWords fails the test if assembly of the package gives an instruction as
// numbers anywhere but in a header.
func CheckNoWords(t *testing.T) {
	files, err := filepath.Glob("*.s")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, name := range files {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		require.NotRegexp(t, `\b(WORD|LONG|BYTE)\b`, string(text), "%s: put the instruction into a header", name)
	}
}
