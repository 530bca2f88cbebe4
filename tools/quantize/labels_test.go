package main

import (
	endian "encoding/binary"
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/internal/testnet"
	"halfmeg/model"
	"halfmeg/model/sqz"
)

// twoClasses returns a network of two classes, which only a topology file describes.
func twoClasses() model.Topology {
	t := testnet.Small()
	t.Head.Classes = 2
	return t
}

// writeNetwork writes pseudorandom weights as .safetensors and the topology as JSON.
func writeNetwork(t *testing.T, topology model.Topology) (weights, description string) {
	g, err := topology.Graph()
	require.NoError(t, err)
	header := map[string]any{}
	var values []byte
	add := func(name string, shape []int, v []float32) {
		begin := len(values)
		for _, x := range v {
			values = endian.LittleEndian.AppendUint32(values, math.Float32bits(x))
		}
		header[name] = map[string]any{"dtype": "F32", "shape": shape, "data_offsets": []int{begin, len(values)}}
	}
	layers := testnet.Floats(rand.New(rand.NewPCG(1, 2)), topology, func(depth float64) float64 { return 1 / math.Sqrt(depth) })
	for _, s := range g.Convolutions {
		add(s.Name+".weight", []int{s.Out, s.In, s.Kernel, s.Kernel}, layers[s.Layer].Weights)
		add(s.Name+".bias", []int{s.Out}, layers[s.Layer].Bias)
	}
	text, err := json.Marshal(header)
	require.NoError(t, err)
	dir := t.TempDir()
	weights, description = filepath.Join(dir, "two.safetensors"), filepath.Join(dir, "two.json")
	file := append(endian.LittleEndian.AppendUint64(nil, uint64(len(text))), text...)
	require.NoError(t, os.WriteFile(weights, append(file, values...), 0o644))
	text, err = json.Marshal(topology)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(description, text, 0o644))
	return weights, description
}

// TestLabels: a network with a topology file, labels as an index map with WordNet
// ids, and pictures in folders named by these, one of them a link.
func TestLabels(t *testing.T) {
	weights, topology := writeNetwork(t, twoClasses())
	dir := t.TempDir()
	require.NoError(t, os.Symlink(pictureFolder(t, 3, false), filepath.Join(dir, "n01443537")))
	require.NoError(t, os.Rename(pictureFolder(t, 3, false), filepath.Join(dir, "n01440764")))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "n01440764/x.webp"), nil, 0o644))
	list, out := filepath.Join(t.TempDir(), "classes.json"), filepath.Join(t.TempDir(), "two.sqz")
	require.NoError(t, os.WriteFile(list, []byte(`{"1": ["n01440764", "tench"], "0": ["n01443537", "goldfish"]}`), 0o644))
	args := []string{"-weights", weights, "-topology", topology, "-calib", dir, "-max-bytes", "0", "-order", "RGB", "-fit", "Direct", "-out", out, "-labels"}

	stdout, stderr, status := runTool(append(args, list)...)
	require.Zero(t, status, stderr)
	require.Contains(t, stdout, "left out: 1 file .webp")
	require.NotContains(t, stdout, "the classes of the pictures are unknown")
	require.NotContains(t, stdout, "is assumed to be class 0")
	n, err := sqz.ReadFile(out)
	require.NoError(t, err)
	require.Equal(t, []string{"goldfish", "tench"}, n.Labels)
	require.Equal(t, twoClasses(), n.Topology)

	three := filepath.Join(t.TempDir(), "three.txt")
	require.NoError(t, os.WriteFile(three, []byte("a\nb\nc\n"), 0o644))
	_, stderr, status = runTool(append(args, three)...)
	require.Equal(t, 1, status)
	require.Contains(t, stderr, "quantize: -labels: "+three+`: 3 labels for 2 classes: the first label is "a", the last "c"`)
	require.NotContains(t, stderr, weights)
}
