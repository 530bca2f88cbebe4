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
// network's answer suffers from noise there: the mean over pictures of the
// sum over the map of the squared derivative of the log-likelihood, for a
// label drawn from the network's own answer, by the output before its ReLU.
// That is the diagonal of the Fisher information, and half of it times the
// noise's variance is the Kullback-Leibler divergence it causes.
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
			channels[o] /= total.energy[s.Layer]
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
			gradient := pass.WeightGradient(step, g)
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
