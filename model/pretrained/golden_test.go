package pretrained

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/internal/testpattern"
	"halfmeg/model"
)

// golden is the hash of each network's logits for the test pattern. The bits are
// the same on every machine and for every kernel. They change only with the
// networks: after "make models", record the new hashes here.
var golden = map[string]string{
	"squeezenet1.1": "f6bdacd91608e2ee62da14f101e66eac",
	"squeezenet1.0": "3d7cf22c1d31552b8cc5ae2a60b50df5",
}

// TestGoldenLogits runs the embedded networks.
func TestGoldenLogits(t *testing.T) {
	for _, name := range Names() {
		n, err := Load(name)
		require.NoError(t, err)
		e, err := model.NewEngine(n, 2)
		require.NoError(t, err)
		copy(e.Input(), testpattern.Frame(n.Input.Size))
		h := sha256.New()
		for _, l := range e.Run() {
			require.NoError(t, binary.Write(h, binary.LittleEndian, math.Float32bits(l)))
		}
		if runtime.GOARCH == "arm64" && name == Default {
			require.LessOrEqual(t, e.Memory(), 3_000_000, "the memory limit that the project promises for small boards")
		}
		e.Close()
		require.Equal(t, golden[name], hex.EncodeToString(h.Sum(nil)[:16]), name)
	}
}
