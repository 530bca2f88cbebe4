package exporter

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/internal/testnet"
	"halfmeg/model"
	"halfmeg/quant/float"
	"halfmeg/quant/importer"
)

func random(t model.Topology) *float.Network {
	n := &float.Network{Topology: t, Input: testnet.Input(t)}
	for _, p := range testnet.Floats(rand.New(rand.NewPCG(3, 4)), t, func(depth float64) float64 { return 1.5 / math.Sqrt(depth) }) {
		n.Layers = append(n.Layers, float.Layer(p))
	}
	return n
}

// save writes a network to a file.
func save(t *testing.T, n *float.Network) string {
	t.Helper()
	var file bytes.Buffer
	require.NoError(t, Safetensors(&file, n))
	path := filepath.Join(t.TempDir(), "n.safetensors")
	require.NoError(t, os.WriteFile(path, file.Bytes(), 0o600))
	return path
}

// bypassed returns a network that no convention describes.
func bypassed() *float.Network {
	topology := model.V11().WithBypass()
	topology.Size, topology.PoolCeil, topology.Head = 96, false, model.Head{Classes: 3, Linear: true}
	n := random(topology)
	n.Input = model.Input{Size: 96, Order: model.BGR, Mean: [3]float32{1, 2, 3}, Std: [3]float32{4, 5, 6}, Fit: model.Squash, Resize: 100}
	n.Labels = []string{"open", "shut", "none"}
	return n
}

// TestRoundTrip: the importer reads the same network, bit for bit, and assumes nothing.
func TestRoundTrip(t *testing.T) {
	for name, n := range map[string]*float.Network{"v1.0": random(model.V10()), "small": random(testnet.Small()), "bypass": bypassed()} {
		loaded, err := importer.Load(save(t, n), importer.Options{Pool: "auto"})
		require.NoError(t, err, name)
		require.Equal(t, n.Topology, loaded.Network.Topology, name)
		require.Equal(t, n.Input, loaded.Network.Input, name)
		require.Equal(t, n.Labels, loaded.Network.Labels, name)
		require.Equal(t, n.Layers, loaded.Network.Layers, name)
		require.Empty(t, loaded.Assumed, name)
		require.Contains(t, loaded.Read, "topology, input and labels from its metadata", name)
	}
}

// TestOptionsWin: what the user states is used instead of what the file states.
func TestOptionsWin(t *testing.T) {
	path := save(t, bypassed())
	loaded, err := importer.Load(path, importer.Options{Pool: "ceil", Head: "relu", Size: 192, Order: "rgb", Std: "7", Topology: "v1.1"})
	require.NoError(t, err)
	n := loaded.Network
	require.Equal(t, model.Input{Size: 192, Order: model.RGB, Mean: [3]float32{3, 2, 1}, Std: [3]float32{7, 7, 7}, Fit: model.Squash, Resize: 200}, n.Input)
	require.Equal(t, model.Head{Classes: 3}, n.Topology.Head)
	require.True(t, n.Topology.PoolCeil)
	require.False(t, n.Topology.Fires[1].Bypass)
	require.Equal(t, []string{"open", "shut", "none"}, n.Labels)
	loaded, err = importer.Load(path, importer.Options{Fit: "direct"})
	require.NoError(t, err)
	require.Equal(t, model.Direct, loaded.Network.Input.Fit)
	require.Zero(t, loaded.Network.Input.Resize)
	require.True(t, loaded.Network.Topology.Fires[1].Bypass)
}

// TestDamagedMetadata: a file whose metadata is not what this package writes is read by
// convention.
func TestDamagedMetadata(t *testing.T) {
	topology := model.V11()
	topology.Head.Classes = 3
	whole, err := os.ReadFile(save(t, random(topology)))
	require.NoError(t, err)
	for _, c := range []struct{ old, new, want string }{
		{`"size\":227`, `"size\":228`, "its metadata is ignored: input side "},
		{`"topology":"{`, `"topology":"[`, "its metadata is ignored: topology: "},
		{`"topology":"`, `"Topology":"`, ""},
	} {
		damaged := bytes.Replace(whole, []byte(c.old), []byte(c.new), 1)
		require.NotEqual(t, whole, damaged, c.old)
		path := filepath.Join(t.TempDir(), "n.safetensors")
		require.NoError(t, os.WriteFile(path, damaged, 0o600))
		loaded, err := importer.Load(path, importer.Options{})
		require.NoError(t, err)
		require.Equal(t, "v1.1", loaded.Network.Topology.Name)
		require.NotEmpty(t, loaded.Assumed)
		require.NotContains(t, loaded.Read, "topology, input and labels from its metadata")
		if c.want != "" {
			require.Contains(t, strings.Join(loaded.Read, "\n"), c.want)
		}
	}
}

// TestNames are those of torchvision's squeezenet1_1.
func TestNames(t *testing.T) {
	topology := model.V11()
	g, err := topology.Graph()
	require.NoError(t, err)
	var names []string
	for _, s := range g.Convolutions {
		if s.Kind != model.Expand1x1 && s.Kind != model.Expand3x3 {
			names = append(names, layerName(topology, s))
		}
	}
	require.Equal(t, []string{
		"features.0", "features.3.squeeze", "features.4.squeeze", "features.6.squeeze", "features.7.squeeze",
		"features.9.squeeze", "features.10.squeeze", "features.11.squeeze", "features.12.squeeze", "classifier.1",
	}, names)
	require.Equal(t, "features.3.expand1x1", layerName(topology, g.Convolutions[2]))
	require.Equal(t, "features.3.expand3x3", layerName(topology, g.Convolutions[3]))
}

// TestHeader: the metadata holds what the parameters do not state.
func TestHeader(t *testing.T) {
	n := random(testnet.Small())
	n.Labels = nil
	var file bytes.Buffer
	require.NoError(t, Safetensors(&file, n))
	size := binary.LittleEndian.Uint64(file.Bytes())
	require.Zero(t, size%8)
	var header struct {
		Metadata map[string]string `json:"__metadata__"`
	}
	require.NoError(t, json.Unmarshal(file.Bytes()[8:8+size], &header))
	var topology model.Topology
	require.NoError(t, json.Unmarshal([]byte(header.Metadata["topology"]), &topology))
	require.Equal(t, n.Topology, topology)

	n.Layers = n.Layers[1:]
	require.Error(t, Safetensors(&file, n))
}
