package main

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
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

// TestReferenceHasTheTopologyOfTheModel: shapes of weights show neither bypasses
// nor paddings nor the ReLU of the head. The .sqz file states them.
func TestReferenceHasTheTopologyOfTheModel(t *testing.T) {
	topology := testnet.Small()
	topology.Head.Linear = true
	s := &settings{model: filepath.Join(t.TempDir(), "small.sqz"), against: writeWeights(t, topology)}
	require.NoError(t, sqz.WriteFile(s.model, testnet.Network(rand.New(rand.NewPCG(1, 1)), topology, testnet.Uniform)))
	tested, err := openModel(s.model)
	require.NoError(t, err)
	reference, err := openReference(s, tested)
	require.NoError(t, err)
	require.Equal(t, topology, reference.topology)
	require.Equal(t, tested.input, reference.input)
	require.Equal(t, []string{fmt.Sprintf("%s is read with the topology and the preprocessing of %s", s.against, s.model)}, reference.notes)
}

// TestReferenceWithItsOwnTopology: -topology describes weights of another network
// of the same classes.
func TestReferenceWithItsOwnTopology(t *testing.T) {
	other := testnet.Small()
	other.Fires = other.Fires[:2]
	other.PoolAfter = []int{1}
	text, err := json.Marshal(other)
	require.NoError(t, err)
	s := &settings{model: filepath.Join(t.TempDir(), "small.sqz"), against: writeWeights(t, other)}
	require.NoError(t, sqz.WriteFile(s.model, testnet.Network(rand.New(rand.NewPCG(1, 1)), testnet.Small(), testnet.Uniform)))
	tested, err := openModel(s.model)
	require.NoError(t, err)
	_, err = openReference(s, tested)
	require.ErrorContains(t, err, "the file has 2 fire modules, the topology 3")

	s.topology = filepath.Join(t.TempDir(), "other.json")
	require.NoError(t, os.WriteFile(s.topology, text, 0o600))
	reference, err := openReference(s, tested)
	require.NoError(t, err)
	require.Equal(t, other, reference.topology)
	require.Contains(t, reference.notes[0], "-topology "+s.topology)

	s.against = s.model
	_, err = openReference(s, tested)
	require.ErrorContains(t, err, "states its topology; the flag is for float weights")
}

// writeWeights writes a .safetensors file of random weights, with Caffe's names.
func writeWeights(t *testing.T, topology model.Topology) string {
	type entry struct {
		DType   string `json:"dtype"`
		Shape   []int  `json:"shape"`
		Offsets [2]int `json:"data_offsets"`
	}
	header, data := map[string]entry{}, []byte{}
	add := func(name string, values []float32, shape ...int) {
		from := len(data)
		for _, v := range values {
			data = binary.LittleEndian.AppendUint32(data, math.Float32bits(v))
		}
		header[name] = entry{"F32", shape, [2]int{from, len(data)}}
	}
	g, err := topology.Graph()
	require.NoError(t, err)
	layers := testnet.Floats(rand.New(rand.NewPCG(2, 2)), topology, func(float64) float64 { return 0.1 })
	for _, s := range g.Convolutions {
		add(s.Name+".weight", layers[s.Layer].Weights, s.Out, s.In, s.Kernel, s.Kernel)
		add(s.Name+".bias", layers[s.Layer].Bias, s.Out)
	}
	text, err := json.Marshal(header)
	require.NoError(t, err)
	file := binary.LittleEndian.AppendUint64(nil, uint64(len(text)))
	path := filepath.Join(t.TempDir(), "weights.safetensors")
	require.NoError(t, os.WriteFile(path, append(append(file, text...), data...), 0o600))
	return path
}
