package kernels

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

// wordMacro is a line of neon_arm64.h: an instruction by its word, with what a
// disassembler makes of it.
type wordMacro struct {
	name        string
	operands    []string
	word        string // a constant expression over the operands
	disassembly string // with {operand} for its number
}

var wordLine = regexp.MustCompile(`^#define (\w+)\(([a-z, ]+)\) WORD \$(\(.+\)) // (.+)$`)

func readWords(t *testing.T) []wordMacro {
	header, err := os.ReadFile("neon_arm64.h")
	require.NoError(t, err)
	var macros []wordMacro
	for _, line := range strings.Split(string(header), "\n") {
		if !strings.HasPrefix(line, "#") {
			continue
		}
		found := wordLine.FindStringSubmatch(line)
		require.NotNil(t, found, "not a macro of one word: %s", line)
		macros = append(macros, wordMacro{found[1], strings.Split(found[2], ", "), found[3], found[4]})
	}
	return macros
}

// encode works the word out for these operands. Go's assembler reads such an
// expression as Go does.
func (m wordMacro) encode(t *testing.T, operands map[string]int) uint32 {
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

func (m wordMacro) expect(operands map[string]int) string {
	text := m.disassembly
	for name, value := range operands {
		text = strings.ReplaceAll(text, "{"+name+"}", strconv.Itoa(value))
	}
	return text
}

// some are operands that show every bit: registers, an index of four, or a
// shift of at most eight.
func (m wordMacro) some() (list []map[string]int) {
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

// TestWords holds every macro to what binutils disassembles, and its name to
// the mnemonic and the arrangement of the destination.
func TestWords(t *testing.T) {
	objdump, err := exec.LookPath("aarch64-linux-gnu-objdump")
	if err != nil {
		t.Skip("LEFT OUT: words against their disassembly: need aarch64-linux-gnu-objdump; make deps installs it")
	}
	var words []byte
	var want []string
	for _, m := range readWords(t) {
		mnemonic, rest, _ := strings.Cut(m.disassembly, " v{d}.")
		arrangement, _, _ := strings.Cut(rest, ",")
		require.True(t, strings.HasPrefix(m.name, strings.ToUpper(mnemonic+"_"+arrangement)), m.name)
		for _, operands := range m.some() {
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
	require.Equal(t, want, got)
}

// TestWordsOnlyInHeader: assembly spells no instruction by its number beside
// the macros.
func TestWordsOnlyInHeader(t *testing.T) {
	files, err := filepath.Glob("*.s")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, name := range files {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		require.NotContains(t, string(text), "WORD", "%s: macros belong into neon_arm64.h", name)
	}
}
