package main

import (
	"context"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/internal/testnet"
	"halfmeg/model"
	"halfmeg/model/sqz"
	"halfmeg/quant/float"
	"halfmeg/tools/internal/compress"
	"halfmeg/tools/internal/pictures"
)

// random returns a float network of testnet.Small with a head.
func random(head model.Head) *float.Network {
	topology := testnet.Small()
	topology.Head = head
	in := testnet.Input(topology)
	in.Fit = model.Direct
	n := &float.Network{Topology: topology, Input: in}
	for _, p := range testnet.Floats(rand.New(rand.NewPCG(3, 4)), topology, func(depth float64) float64 { return 1.5 / math.Sqrt(depth) }) {
		n.Layers = append(n.Layers, float.Layer(p))
	}
	return n
}

// run60 quantizes a network on a folder of 60 pictures.
func run60(t *testing.T, n *float.Network, s *settings) (*outcome, *warningList, error) {
	f, err := pictures.List(pictureFolder(t, 60, false), pictures.Classes{})
	require.NoError(t, err)
	s.workers = 2
	d := &warningList{}
	d.deadLayers(n)
	o, err := quantize(context.Background(), n, f, s, d)
	return o, d, err
}

// TestOneOutput: with one output, softmax shows no error. A budget keeps the
// logit, the warning says so, and what only classes measure is rejected.
func TestOneOutput(t *testing.T) {
	n := random(model.Head{Classes: 1, Linear: true})
	fine, d, err := run60(t, n, &settings{})
	require.NoError(t, err)
	require.Contains(t, d.lines, "the network has one output, whose softmax is always 1: neither top-1 nor the divergence shows errors, so the error of the logits is measured")
	require.Less(t, fine.Agreement.LogitError, 5.0)

	budget := fine.Bytes * 3 / 4
	coarse, d, err := run60(t, n, &settings{Limits: compress.Limits{Bytes: budget}, rounds: 1})
	require.NoError(t, err)
	require.LessOrEqual(t, coarse.Bytes, budget)
	require.Less(t, coarse.Agreement.LogitError, 60.0)
	require.Contains(t, d.lines, "-distill skipped, which learns from the divergence: the network has one output, whose softmax is always 1")

	path := filepath.Join(t.TempDir(), "report.html")
	sizes := sizesOf(t, coarse)
	require.NoError(t, writeReport(path, n, coarse, sizes, d.lines))
	page, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Contains(t, string(page), "whose softmax is always 1")
	require.Contains(t, string(page), "error of the logits, of their spread over the pictures")
	require.NotContains(t, string(page), "same top-1 class as the float network")

	_, err = checkDrop(t, n)
	require.ErrorContains(t, err, "-max-drop cannot be measured: the network has one output, whose softmax is always 1; use -max-bytes")
}

// TestConstantAnswer: a network that returns one class for all pictures, with
// certainty, keeps its logits under a budget.
func TestConstantAnswer(t *testing.T) {
	n := random(model.Head{Classes: 4, Linear: true})
	n.Layers[len(n.Layers)-1].Bias[2] += 1000
	fine, d, err := run60(t, n, &settings{})
	require.NoError(t, err)
	require.Contains(t, d.lines, "the network returns class 2 for all 54 pictures: neither top-1 nor the divergence shows errors, so the error of the logits is measured")
	budget := fine.Bytes * 3 / 4
	coarse, _, err := run60(t, n, &settings{Limits: compress.Limits{Bytes: budget}})
	require.NoError(t, err)
	require.Greater(t, float64(coarse.Bytes), 0.9*float64(budget))
	require.Less(t, coarse.Agreement.LogitError, 60.0)
}

// TestDeadNetwork: all weights are zero. It is unknown which errors matter, so a
// limit that only coarser weights would meet is rejected.
func TestDeadNetwork(t *testing.T) {
	n := random(model.Head{Classes: 4})
	for _, l := range n.Layers {
		clear(l.Weights)
	}
	o, d, err := run60(t, n, &settings{Limits: compress.Limits{Bytes: 480_000}})
	require.NoError(t, err)
	require.Less(t, o.Bytes, 1000)
	require.Contains(t, d.lines[0], "all weights of conv1, fire2/squeeze1x1, ")
	require.Contains(t, d.lines[0], "conv5 are zero: no picture can change the answer; is this the trained file?")
	_, _, err = run60(t, n, &settings{Limits: compress.Limits{Bytes: 10}})
	require.ErrorContains(t, err, "the logits are the same for all pictures, so that no limit of bytes can be distributed: -max-bytes 0 ")
}

// TestProbeWarnsOfForeignLabels: labels in another order than the classes are
// right no more often than chance, however pictures are prepared.
func TestProbeWarnsOfForeignLabels(t *testing.T) {
	n := random(model.Head{Classes: 5, Linear: true})
	f, err := pictures.List(pictureFolder(t, 60, false), pictures.Classes{})
	require.NoError(t, err)
	labelWithAnswers(t, n, f)
	d := &warningList{}
	require.NoError(t, probe(context.Background(), n, true, f, 2, d))
	require.Empty(t, d.lines)
	for i := range f.Items {
		f.Items[i].Label = (f.Items[i].Label + 1) % 5
	}
	require.NoError(t, probe(context.Background(), n, true, f, 2, d))
	require.NotEmpty(t, d.lines)
	require.Contains(t, d.lines[len(d.lines)-1], "right on 0 of 60 labelled pictures, chance would be 12: are the labels in the network's class order?")
}

// checkDrop quantizes with -max-drop on enough pictures to hold out 20.
func checkDrop(t *testing.T, n *float.Network) (*outcome, error) {
	f, err := pictures.List(pictureFolder(t, 200, false), pictures.Classes{})
	require.NoError(t, err)
	return quantize(context.Background(), n, f, &settings{Limits: compress.Limits{Drop: 1}, workers: 2}, &warningList{})
}

func sizesOf(t *testing.T, o *outcome) sqz.Sizes {
	_, sizes, err := sqz.DecodeSizes(o.Encoded)
	require.NoError(t, err)
	return sizes
}
