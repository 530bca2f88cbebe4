package pretrained

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestGoldenLogitsOfEverySet runs TestGoldenLogits in a process for each
// instruction set that this machine and build support.
func TestGoldenLogitsOfEverySet(t *testing.T) {
	for _, set := range []string{"avx2", "avxvnni", "avx512vnni"} {
		cmd := exec.Command(os.Args[0], "-test.run=^TestGoldenLogits$", "-test.v")
		cmd.Env = append(os.Environ(), "HALFMEG_CPU="+set)
		out, err := cmd.CombinedOutput()
		if strings.Contains(string(out), "not supported by this machine or build") {
			t.Logf("%s: not supported by this machine or build", set)
			continue
		}
		require.NoError(t, err, "%s: %s", set, out)
		require.Contains(t, string(out), "--- PASS: TestGoldenLogits", set)
	}
}
