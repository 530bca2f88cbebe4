package quant

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"sync"

	"halfmeg/internal/parallel"
	"halfmeg/model"
	"halfmeg/quant/float"
	"halfmeg/quant/train"
)

// Distillation steers Distill.
type Distillation struct {
	Workers int // goroutines; 0 is one a processor
	Rounds  int // batches of pictures to learn from

	// Progress is told the rounds done and the mean divergence of the last ones.
	Progress func(done, total int, divergence float64)
}

// What the student learns from and how fast.
const (
	batch       = 16
	temperature = 2    // that logits are divided by: softer answers tell more
	weightRate  = 0.02 // steps a round, at most
	biasRate    = 0.03 // of a code
	mixedShare  = 0.5  // of pictures that are blends of two
	warmUp      = 20   // rounds in which the rate rises
)

// Distill tunes the weights and biases of a quantized network such that its
// answers come nearer to the float network's, on calibration pictures and on
// crops and blends of them: stochastic gradients of the divergence, taken as if nothing
// were rounded (Hinton et al., arXiv:1503.02531; Bengio et al.,
// arXiv:1308.3432). No labels are needed. What a file of the network costs hardly
// changes. The result does not depend on the number of workers.
func Distill(ctx context.Context, teacher *float.Network, n *model.Network, pictures [][]int8, o Distillation) (*model.Network, error) {
	if err := checkPictures(teacher, pictures); err != nil {
		return nil, err
	}
	if err := n.Validate(); err != nil {
		return nil, err
	}
	if len(n.Layers) != len(teacher.Layers) {
		return nil, fmt.Errorf("a network of %d layers cannot learn from one of %d", len(n.Layers), len(teacher.Layers))
	}
	if o.Workers < 1 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	forward, err := float.NewForward(teacher)
	if err != nil {
		return nil, err
	}
	s := newStudent(n, forward.Graph())
	for i, p := range s.layers {
		p.held = pruned(teacher.Layers[i].Weights)
	}
	trainer := newTrainer(forward, o.Workers)
	sampler := train.NewSampler(len(pictures), 1)
	recent := 0.0
	for round := range o.Rounds {
		studentForward, err := s.forward()
		if err != nil {
			return nil, err
		}
		divergence, err := trainer.batch(ctx, studentForward, pictures, sampler, round)
		if err != nil {
			return nil, err
		}
		s.learn(trainer.gradients(), schedule(round, o.Rounds))
		recent += (divergence - recent) * max(0.05, 1/float64(round+1))
		if o.Progress != nil {
			o.Progress(round+1, o.Rounds, recent)
		}
	}
	result := s.network()
	return result, result.Validate()
}

var schedule = train.WarmupCosine(warmUp)

// learn moves all layers against their gradients.
func (s *student) learn(gradients []*gradient, rate float64) {
	var wait sync.WaitGroup
	for i, p := range s.layers {
		wait.Go(func() { p.learn(gradients[i], rate) })
	}
	wait.Wait()
}

// trainer works through batches: in lanes, each of which sums
// the gradients of its pictures in order.
type trainer struct {
	teacher *float.Forward
	workers int
	passes  []*float.Pass // one a worker
	crops   []*train.Augmenter
	lanes   [batchLanes]lane
}

// batchLanes is how many partial sums there are; see momentLanes.
const batchLanes = 8

// lane is the sums over some of the batch's pictures.
type lane struct {
	divergence float64
	gradients  []*gradient // by layer
}

// gradient is the derivative by a convolution's real weights and biases.
type gradient struct{ weights, biases []float32 }

func newTrainer(teacher *float.Forward, workers int) *trainer {
	g := teacher.Graph()
	s := &trainer{teacher: teacher, workers: min(workers, batchLanes)}
	for range s.workers {
		s.passes = append(s.passes, teacher.NewPass())
		s.crops = append(s.crops, train.NewAugmenter(g.Tensors[model.Picture].Size))
	}
	for i := range s.lanes {
		for _, step := range g.Convolutions {
			s.lanes[i].gradients = append(s.lanes[i].gradients, &gradient{make([]float32, step.Weights()), make([]float32, step.Out)})
		}
	}
	return s
}

// batch runs teacher and student on a batch and returns their mean
// divergence. The gradients stay in the lanes.
func (s *trainer) batch(ctx context.Context, student *float.Forward, pictures [][]int8, sampler *train.Sampler, round int) (float64, error) {
	var drawn [batch]int
	for i := range drawn {
		drawn[i] = sampler.Next()
	}
	err := parallel.For(ctx, s.workers, batchLanes, func(worker, i int) {
		s.lanes[i].reset()
		for j := i; j < batch && ctx.Err() == nil; j += batchLanes {
			random := rand.New(rand.NewPCG(uint64(round), uint64(j)))
			variant := s.crops[worker].Augment(pictures[drawn[j]], random)
			if random.Float64() < mixedShare {
				variant = s.crops[worker].Mixup(pictures[drawn[j]], pictures[drawn[(j+1)%batch]], random)
			}
			s.picture(&s.lanes[i], student, s.passes[worker], variant)
		}
	})
	sum := 0.0
	for i := range s.lanes {
		sum += s.lanes[i].divergence
	}
	return sum / batch, err
}

func (l *lane) reset() {
	l.divergence = 0
	for _, g := range l.gradients {
		clear(g.weights)
		clear(g.biases)
	}
}

// picture adds one picture's divergence and gradients to a lane.
func (s *trainer) picture(l *lane, student *float.Forward, pass *float.Pass, picture []int8) {
	pass.Use(s.teacher)
	want := softened(pass, picture)
	pass.Use(student)
	got := softened(pass, picture)
	for c, p := range want {
		if p > 0 {
			l.divergence += float64(p) * math.Log(float64(p)/max(float64(got[c]), math.SmallestNonzeroFloat32))
		}
		got[c] -= p
	}
	pass.Backward(got, func(layer int, g float.Map) {
		sums := l.gradients[layer]
		pass.WeightGradient(layer, g, sums.weights)
		accumulate(sums.biases, g.Sums())
	})
}

// softened is a network's answer at the temperature.
func softened(pass *float.Pass, picture []int8) []float32 {
	logits, err := pass.Run(picture)
	if err != nil {
		panic(err) // the picture's size was checked
	}
	soft := make([]float32, len(logits))
	for c, v := range logits {
		soft[c] = v / temperature
	}
	return softmax(soft)
}

// gradients is the sum over the lanes, by layer.
func (s *trainer) gradients() []*gradient {
	total := s.lanes[0].gradients
	for i := range s.lanes[1:] {
		for l, g := range s.lanes[1+i].gradients {
			accumulate(total[l].weights, g.weights)
			accumulate(total[l].biases, g.biases)
		}
	}
	return total
}
