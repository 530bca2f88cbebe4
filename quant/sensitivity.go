package quant

import (
	"context"
	"math"
	"math/rand/v2"
	"sync"
	"sync/atomic"

	"halfmeg/model"
	"halfmeg/quant/float"
)

// sensitivityPictures is how many pictures the sensitivities are taken over.
const sensitivityPictures = 256

// sensitivities tells for every convolution and output channel how much the
// network's answer suffers from noise in the weights: the squared derivatives
// by the channel's weights of the log-likelihood of a label drawn from the
// network's own answer, summed over the weights and averaged over pictures
// (the trace of the Fisher information), in proportion to the energy of what
// the weights read. Half of it times the variance that the noise makes in the
// layer's output is the Kullback-Leibler divergence it causes.
//
// The derivative by the weights, not by the output, takes into account that an
// error of a weight is the same at all pixels. The head's channels share their
// mean: noise that is harmless to a class far down may lift it to the top.
func sensitivities(ctx context.Context, n *float.Network, pictures [][]int8, workers int) ([][]float64, error) {
	f, err := float.NewForward(n)
	if err != nil {
		return nil, err
	}
	steps, err := n.Topology.Steps()
	if err != nil {
		return nil, err
	}
	pictures = pictures[:min(len(pictures), sensitivityPictures)]
	each := make([]derivatives, len(pictures))
	var next atomic.Int64
	var wait sync.WaitGroup
	for range workers {
		wait.Go(func() {
			pass := f.NewPass()
			for i := int(next.Add(1)) - 1; i < len(pictures) && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				each[i] = squaredGradients(pass, steps, len(n.Layers), pictures[i], uint64(i))
			}
		})
	}
	wait.Wait()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	total := each[0]
	for _, e := range each[1:] {
		for l := range total.squares {
			accumulate(total.squares[l], e.squares[l])
		}
		accumulate(total.energy, e.energy)
	}
	for _, s := range steps {
		if s.Kind == model.Pool {
			continue
		}
		channels := total.squares[s.Layer]
		for o := range channels {
			channels[o] /= max(total.energy[s.Layer], minSensitivity) // black pictures may have none
		}
		if s.Kind == model.Conv10 {
			level(channels)
		}
	}
	return total.squares, nil
}

// level gives every channel the mean.
func level(channels []float64) {
	sum := 0.0
	for _, v := range channels {
		sum += v
	}
	for o := range channels {
		channels[o] = sum / float64(len(channels))
	}
}

// draws is how many labels are drawn from a picture's answer.
const draws = 2

// derivatives is one picture's share of the sensitivities.
type derivatives struct {
	squares [][]float64 // by layer and output channel: of the derivatives by all of the channel's weights
	energy  []float64   // by layer: of what the weights read
}

// squaredGradients works one picture's share out.
func squaredGradients(pass *float.Pass, steps []model.Step, layers int, picture []int8, seed uint64) derivatives {
	logits, err := pass.Run(picture)
	if err != nil {
		panic(err) // the picture's size was checked
	}
	random := rand.New(rand.NewPCG(seed, 0))
	d := derivatives{make([][]float64, layers), make([]float64, layers)}
	for range draws {
		slope := softmax(logits)
		slope[draw(slope, random.Float64())]--
		pass.Backward(slope, func(step int, g float.Map) {
			layer := steps[step].Layer
			if d.squares[layer] == nil {
				d.squares[layer] = make([]float64, g.Channels)
				d.energy[layer] = pass.InputEnergy(step)
			}
			gradient := make([]float32, steps[step].Weights())
			pass.WeightGradient(step, g, gradient)
			depth := len(gradient) / g.Channels
			for i, v := range gradient {
				d.squares[layer][i/depth] += float64(float64(v)*float64(v)) / draws
			}
		})
	}
	return d
}

// softmax is the network's answer as probabilities.
func softmax(logits []float32) []float32 {
	top := logits[0]
	for _, l := range logits {
		top = max(top, l)
	}
	p := make([]float32, len(logits))
	sum := 0.0
	for c, l := range logits {
		e := math.Exp(float64(l - top))
		p[c] = float32(e)
		sum += e
	}
	for c := range p {
		p[c] = float32(float64(p[c]) / sum)
	}
	return p
}

// draw is the class at which the running sum of probabilities passes u.
func draw(p []float32, u float64) int {
	for c, v := range p {
		u -= float64(v)
		if u < 0 {
			return c
		}
	}
	return len(p) - 1
}
