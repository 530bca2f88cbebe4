package exporter

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
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

// TestRoundTrip: the importer reads the same parameters, bit for bit.
func TestRoundTrip(t *testing.T) {
	v11 := model.V11()
	v11.Head.Classes = 3
	for name, topology := range map[string]model.Topology{"v1.1": v11, "v1.0": model.V10(), "small": testnet.Small()} {
		n := random(topology)
		folder := t.TempDir()
		path, description := filepath.Join(folder, "n.safetensors"), filepath.Join(folder, "t.json")
		var file bytes.Buffer
		require.NoError(t, Safetensors(&file, n), name)
		require.NoError(t, os.WriteFile(path, file.Bytes(), 0o600))
		text, err := json.Marshal(topology)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(description, text, 0o600))
		loaded, err := importer.Load(path, importer.Options{Topology: description})
		require.NoError(t, err, name)
		require.Equal(t, n.Layers, loaded.Network.Layers, name)
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
