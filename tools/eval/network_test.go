package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/internal/testnet"
	"halfmeg/model"
	"halfmeg/model/sqz"
	"halfmeg/tools/internal/pictures"
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

// TestWarnings: the report says where its figures show nothing.
func TestWarnings(t *testing.T) {
	images := writePictures(t, 12)
	folder, err := pictures.List(images, pictures.Classes{})
	require.NoError(t, err)
	one := testnet.Small()
	one.Head = model.Head{Classes: 1, Linear: true}
	s := &settings{model: filepath.Join(t.TempDir(), "one.sqz"), against: writeWeights(t, one), images: images, workers: 1}
	require.NoError(t, sqz.WriteFile(s.model, testnet.Network(rand.New(rand.NewPCG(1, 1)), one, testnet.Uniform)))
	r := measureFiles(t, s, folder)
	require.Equal(t, []string{"the network has one output, whose softmax is always 1: neither top-1 nor the divergence shows errors, so the error of the logits is measured"}, r.Warnings)
	require.EqualValues(t, 100, r.Compared.SameTop1)
	require.Positive(t, r.Compared.LogitError)
	var text bytes.Buffer
	printReport(&text, r, nil)
	require.Contains(t, text.String(), "error of the logits")
	require.NotContains(t, text.String(), "same top-1")

	// All weights zero, the labels another class than the constant answer.
	dead := testnet.Network(rand.New(rand.NewPCG(1, 1)), testnet.Small(), func(*rand.Rand) int8 { return 0 })
	s = &settings{model: filepath.Join(t.TempDir(), "dead.sqz"), images: images, workers: 1}
	require.NoError(t, sqz.WriteFile(s.model, dead))
	for i := range folder.Items {
		folder.Items[i].Label = 1
	}
	r = measureFiles(t, s, folder)
	require.Len(t, r.Warnings, 3)
	require.Contains(t, r.Warnings[0], "all weights of conv1, ")
	require.Contains(t, r.Warnings[1], "right on 0 of 12 labelled pictures, chance would be 1:")
	require.Contains(t, r.Warnings[2], "for all 12 pictures: neither top-1 nor top-5 shows errors")
}

func measureFiles(t *testing.T, s *settings, folder *pictures.Folder) *report {
	tested, err := openModel(s.model)
	require.NoError(t, err)
	var reference *network
	if s.against != "" {
		reference, err = openReference(s, tested)
		require.NoError(t, err)
	}
	r, err := measure(context.Background(), s, tested, reference, folder)
	require.NoError(t, err)
	return r
}

// writePictures writes a folder of n gradients.
func writePictures(t *testing.T, n int) string {
	dir := t.TempDir()
	for i := range n {
		img := image.NewGray(image.Rect(0, 0, 40, 40))
		for k := range img.Pix {
			img.Pix[k] = uint8(k*(i+1) + 9*i)
		}
		var file bytes.Buffer
		require.NoError(t, png.Encode(&file, img))
		require.NoError(t, os.WriteFile(filepath.Join(dir, fmt.Sprintf("%02d.png", i)), file.Bytes(), 0o600))
	}
	return dir
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
