package quant

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/internal/testnet"
	"halfmeg/model"
	"halfmeg/quant/float"
	"halfmeg/quant/train"
)

// int8Divergence returns the mean divergence of an int8 network's answers from the
// float network's.
func int8Divergence(t *testing.T, n *float.Network, q *model.Network, pictures [][]int8) float64 {
	t.Helper()
	f, err := float.NewForward(n)
	require.NoError(t, err)
	pass := f.NewPass()
	e, err := model.NewEngine(q, 1)
	require.NoError(t, err)
	defer e.Close()
	sum := 0.0
	for _, picture := range pictures {
		want, err := pass.Run(picture)
		require.NoError(t, err)
		copy(e.Input(), picture)
		p, q := train.Softmax(want), train.Softmax(e.Run())
		for c := range p {
			sum += float64(p[c]) * math.Log(float64(p[c]/q[c])) / float64(len(pictures))
		}
	}
	return sum
}

// TestDistill: a disturbed network comes nearer to the float one, its weights
// still follow the trellis, its source is not changed, and the number of
// workers does not matter.
func TestDistill(t *testing.T) {
	r := rand.New(rand.NewPCG(20, 20))
	n := randomFloat(r, testnet.Small())
	pictures := randomPictures(r, 48)
	coarse := quantizeSmall(t, n, pictures, Options{Divergence: 0.0001, Fisher: measureSmall(t, n, pictures, 2)}).Network
	head := &coarse.Layers[len(coarse.Layers)-1]
	for o := range head.Bias { // shift every other logit by a sixth: an error to learn
		logit := head.Multiplier[o] * 3 * 3
		head.Bias[o] += int32(float32(o%2) / 6 / logit)
	}
	before := int8Divergence(t, n, coarse, pictures)
	first := coarse.Layers[3].Weights[0]

	calls := 0
	o := Distillation{Rounds: 150, Workers: 2, Progress: func(done, total int, _ float64) {
		calls++
		require.Equal(t, calls, done)
		require.Equal(t, 150, total)
	}}
	tuned, err := Distill(context.Background(), n, coarse, pictures, o)
	require.NoError(t, err)
	require.Equal(t, 150, calls)
	require.Equal(t, first, coarse.Layers[3].Weights[0])
	require.Less(t, int8Divergence(t, n, tuned, pictures), 0.5*before)
	g, err := n.Topology.Graph()
	require.NoError(t, err)
	for _, s := range g.Convolutions {
		require.True(t, follows(tuned.Layers[s.Layer].Weights, s.Weights()/s.Out), s.Name)
	}

	o.Workers, o.Progress = 5, nil
	again, err := Distill(context.Background(), n, coarse, pictures, o)
	require.NoError(t, err)
	require.Equal(t, tuned, again, "for any number of workers")
}

// TestDistillIsInterrupted: the context ends it within a round.
func TestDistillIsInterrupted(t *testing.T) {
	r := rand.New(rand.NewPCG(22, 22))
	n := randomFloat(r, testnet.Small())
	pictures := randomPictures(r, 12)
	q := quantizeSmall(t, n, pictures, Options{}).Network
	ctx, stop := context.WithCancel(context.Background())
	_, err := Distill(ctx, n, q, pictures, Distillation{Rounds: 100, Progress: func(done, _ int, _ float64) {
		require.Less(t, done, 4)
		if done == 3 {
			stop()
		}
	}})
	require.ErrorIs(t, err, context.Canceled)
}
