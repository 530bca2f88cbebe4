package quant

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"

	"gonum.org/v1/gonum/mat"

	"halfmeg/internal/parallel"
	"halfmeg/model"
	"halfmeg/quant/float"
	"halfmeg/quant/train"
)

// Fisher says how the network's answer suffers from errors of its weights:
// the Fisher information, of which half e'Fe is the Kullback-Leibler
// divergence that errors e cause. For each convolution it is approximated by
// the Kronecker product of a matrix over its inputs and one over its outputs
// (K-FAC: Martens and Grosse, arXiv:1503.05671; for rounding: Tseng et al.,
// arXiv:2505.22988): the mean of products of the derivatives of the
// log-likelihood of labels by the weights, each label being as likely as the
// network itself says. The derivative by the weights, not by the output, takes
// into account that an error of a weight is the same at all pixels.
type Fisher struct{ layers []*information }

// information is one convolution's.
type information struct {
	depth, out int
	inputs     []float64 // [depth+1][depth+1], the last for the bias; its trace is the layer's whole information
	outputs    []float64 // [out][out], of trace 1; nil for the head

	// Both are symmetric: only the upper triangles are filled in.
}

// The Fisher information is taken over variants of each picture: itself, and
// mirrored crops of it. More pictures teach more, and these need not be taken.
const fisherVariants = 6

// MeasureFisher takes the Fisher information over pictures. Progress counts
// pictures; it is called by several goroutines.
func MeasureFisher(ctx context.Context, n *float.Network, pictures [][]int8, workers int, progress func()) (*Fisher, error) {
	forward, err := float.NewForward(n)
	if err != nil {
		return nil, err
	}
	if err := checkPictures(n, pictures); err != nil {
		return nil, err
	}
	if workers < 1 {
		workers = runtime.GOMAXPROCS(0)
	}
	convolutions := forward.Graph().Convolutions
	sums := make([]*Fisher, fisherLanes)
	err = parallel.For(ctx, workers, fisherLanes, func(_, lane int) {
		sums[lane] = newFisher(convolutions)
		p := &gradientSums{forward.NewPass(), train.NewAugmenter(n.Input.Size), sums[lane]}
		for i := lane; i < len(pictures)*fisherVariants && ctx.Err() == nil; i += fisherLanes {
			p.add(pictures[i/fisherVariants], i%fisherVariants > 0, uint64(i))
			if i%fisherVariants == 0 {
				progress()
			}
		}
	})
	if err != nil {
		return nil, err
	}
	f := total(sums, len(pictures)*fisherVariants)
	for _, s := range convolutions {
		if !f.layers[s.Layer].finite() {
			return nil, fmt.Errorf("%s: the gradients are too large for float32: its weights or its input's scale are wrong", s.Name)
		}
	}
	return f, nil
}

// of tells whether this can be the information of a network, by its shapes.
func (f *Fisher) of(n *float.Network) bool {
	if f == nil || len(f.layers) != len(n.Layers) {
		return false
	}
	for i, l := range f.layers {
		if l.out != len(n.Layers[i].Bias) || l.depth*l.out != len(n.Layers[i].Weights) {
			return false
		}
	}
	return true
}

// finite tells whether all sums are finite numbers.
func (l *information) finite() bool {
	return !slices.ContainsFunc(slices.Concat(l.inputs, l.outputs), func(v float64) bool { return !(math.Abs(v) <= math.MaxFloat64) })
}

// fisherLanes is how many partial sums there are, for as many workers at
// most; see momentLanes.
const fisherLanes = 4

func newFisher(convolutions []model.Step) *Fisher {
	f := &Fisher{}
	for _, s := range convolutions {
		depth := s.Weights() / s.Out
		l := &information{depth: depth, out: s.Out, inputs: make([]float64, (depth+1)*(depth+1))}
		if s.Kind != model.Conv10 {
			l.outputs = make([]float64, s.Out*s.Out)
		}
		f.layers = append(f.layers, l)
	}
	return f
}

// total adds the lanes up, in order, and takes the means.
func total(lanes []*Fisher, count int) *Fisher {
	t := lanes[0]
	for l, sum := range t.layers {
		for _, f := range lanes[1:] {
			accumulate(sum.inputs, f.layers[l].inputs)
			accumulate(sum.outputs, f.layers[l].outputs)
		}
		trace := 0.0
		for o := 0; o < len(sum.outputs); o += sum.out + 1 {
			trace += sum.outputs[o]
		}
		for i := range sum.inputs {
			sum.inputs[i] /= float64(count)
		}
		for i := range sum.outputs {
			sum.outputs[i] /= max(trace, math.SmallestNonzeroFloat32) // black pictures may have none
		}
	}
	return t
}

// gradientSums adds up what one picture after the other says.
type gradientSums struct {
	pass    *float.Pass
	augment *train.Augmenter
	sums    *Fisher
}

// add takes in one picture, or a crop of it.
func (p *gradientSums) add(picture []int8, crop bool, seed uint64) {
	random := rand.New(rand.NewPCG(seed, 0))
	if crop {
		picture = p.augment.Augment(picture, random)
	}
	logits, err := p.pass.Run(picture)
	if err != nil {
		panic(err) // the picture's size was checked
	}
	p.pass.Backward(score(softmax(logits), random), func(layer int, g float.Map) {
		sums := p.sums.layers[layer]
		gradient := make([]float32, sums.out*sums.depth)
		p.pass.WeightGradient(layer, g, gradient)
		sums.add(gradient, g.Sums())
	})
}

// add takes in the derivatives by the weights [out][depth] and by the biases.
func (l *information) add(weights, biases []float32) {
	n := l.depth + 1
	rows := make([]float32, l.out*n)    // [out][depth+1]
	columns := make([]float32, l.out*n) // [depth+1][out]
	for o, b := range biases {
		row := rows[o*n : (o+1)*n]
		copy(row, weights[o*l.depth:(o+1)*l.depth])
		row[l.depth] = b
		for k, v := range row {
			columns[k*l.out+o] = v
		}
	}
	product := make([]float32, n*n)
	float.Pack(rows, l.out, n).MulAddUpper(product, n, columns, l.out)
	widenAdd(l.inputs, product)
	if l.outputs != nil {
		product = make([]float32, l.out*l.out)
		float.Pack(columns, n, l.out).MulAddUpper(product, l.out, rows, n)
		widenAdd(l.outputs, product)
	}
}

// covariance is the information about weights that read codes worth scale,
// made of inputs multiplied by factors (nil is 1), once the bias has taken up what it can.
func (l *information) covariance(factors []float64, scale float64) *mat.SymDense {
	n := l.depth + 1
	bias := max(l.inputs[n*n-1], math.SmallestNonzeroFloat32)
	unit := func(k int) float64 {
		if factors == nil {
			return 1 / scale
		}
		return factors[k%len(factors)] / scale
	}
	h := mat.NewSymDense(l.depth, nil)
	for i := range l.depth {
		for j := i; j < l.depth; j++ {
			v := l.inputs[i*n+j] - float64(l.inputs[i*n+l.depth]*l.inputs[j*n+l.depth]/bias)
			h.SetSym(i, j, v*unit(i)*unit(j))
		}
	}
	return h
}

// outputCovariance is the information about outputs multiplied by factors (nil is 1).
func (l *information) outputCovariance(factors []float64) *mat.SymDense {
	g := mat.NewSymDense(l.out, nil)
	for i := range l.out {
		for j := i; j < l.out; j++ {
			v := l.outputs[i*l.out+j]
			if factors != nil {
				v /= factors[i] * factors[j]
			}
			g.SetSym(i, j, v)
		}
	}
	return g
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

// score is a derivative of the log-likelihood by the logits, of random size and
// sign, whose mean square is the Fisher information of an answer p: those of
// all labels, each with a random sign and the root of its probability. One
// label drawn from p would do as well on average; but what matters most often
// hangs on a label that is hardly ever drawn.
func score(p []float32, random *rand.Rand) []float32 {
	slope, sum := make([]float32, len(p)), 0.0
	for c, v := range p {
		root := math.Sqrt(float64(v))
		if random.Uint64()&1 == 0 {
			root = -root
		}
		slope[c] = float32(root)
		sum += root
	}
	for c, v := range p {
		slope[c] -= float32(sum * float64(v))
	}
	return slope
}
