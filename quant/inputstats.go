package quant

import (
	"gonum.org/v1/gonum/mat"

	"halfmeg/model"
	"halfmeg/quant/float"
)

// inputStats are second moments of a convolution's inputs over the calibration
// pictures. x is a patch of the quantized network's codes, y the float
// network's patch at the same place, each with a 1 appended.
type inputStats struct {
	n     int       // weights of an output channel, plus one
	gram  []float64 // [n][n], sum of x_i * x_j; only the upper triangle is valid
	cross []float64 // [n][n], sum of y_i * x_j
}

func newInputStats(n int) *inputStats {
	return &inputStats{n: n, gram: make([]float64, n*n), cross: make([]float64, n*n)}
}

// patchesPerPicture is the largest number of patches taken of a picture.
// Neighbouring patches are so alike that more cost time and add little. Not
// tuned.
const patchesPerPicture = 256

// shards is the number of partial sums. Picture i is added to shard i mod shards,
// each shard in order, so that the result does not depend on the number of
// workers. More workers than shards have nothing to do.
const shards = 8

// partialStats are the input statistics of one convolution, by shard.
type partialStats [shards]*inputStats

func newPartialStats(s model.Step) *partialStats {
	p := &partialStats{}
	for i := range p {
		p[i] = newInputStats(s.Kernel*s.Kernel*s.In + 1)
	}
	return p
}

// total adds the shards up, in order.
func (p *partialStats) total() *inputStats {
	t := p[0]
	for _, m := range p[1:] {
		accumulate(t.gram, m.gram)
		accumulate(t.cross, m.cross)
	}
	return t
}

func accumulate[T uint32 | float64](sums, values []T) {
	for k, v := range values {
		sums[k] += v
	}
}

// layerInput is what a convolution reads in one picture.
type layerInput struct {
	values float.Map // in the float network
	codes  float.Map // in the quantized network, as integers
	pad    []float32 // outside the map, by channel; nil means zeros
}

// statsMemory is the working memory of add, for one goroutine.
type statsMemory struct {
	scratch       float.Scratch
	x, y, product []float32
	packed        float.Packed
}

// add adds one picture.
func (m *inputStats) add(c *float.Conv, s model.Step, in layerInput, memory *statsMemory) {
	count := min(patchesPerPicture, s.OutSize*s.OutSize)
	x, y := resize(&memory.x, count*m.n), resize(&memory.y, count*m.n)
	samplePatches(x, c, s, in.codes, in.pad, &memory.scratch)
	samplePatches(y, c, s, in.values, in.pad, &memory.scratch)
	memory.packed.Set(x, count, m.n)
	product := resize(&memory.product, m.n*m.n)
	memory.packed.MulUpper(product, m.n, float.Left{Data: x, Row: 1, Step: m.n})
	addUpper(m.gram, product, m.n)
	memory.packed.Mul(product, m.n, float.Left{Data: y, Row: 1, Step: m.n}, m.n)
	float.AddWide(m.cross, product)
}

// addUpper adds the upper triangle of a matrix [n][n].
func addUpper(sums []float64, values []float32, n int) {
	for i := range n {
		float.AddWide(sums[i*n+i:(i+1)*n], values[i*n+i:(i+1)*n])
	}
}

// resize returns n elements of memory, which grows as needed, with undefined contents.
func resize(memory *[]float32, n int) []float32 {
	if cap(*memory) < n {
		*memory = make([]float32, n)
	}
	return (*memory)[:n]
}

// samplePatches fills dst with patches, evenly spread over the output map, each followed by
// a 1.
func samplePatches(dst []float32, c *float.Conv, s model.Step, in float.Map, pad []float32, scratch *float.Scratch) {
	depth := s.Kernel * s.Kernel * s.In
	count := len(dst) / (depth + 1)
	for i := range count {
		row, _ := c.Patches(in, i*s.OutSize*s.OutSize/count, 1, s.OutSize, pad, scratch)
		patch := dst[i*(depth+1) : (i+1)*(depth+1)]
		copy(patch, row[:depth])
		patch[depth] = 1
	}
}

// means are those of the float network's inputs and of the codes.
func (m *inputStats) means() (values, codes []float64) {
	depth := m.n - 1
	count := m.gram[len(m.gram)-1]
	for k := range depth {
		values = append(values, m.cross[k*m.n+depth]/count)
		codes = append(codes, m.gram[k*m.n+depth]/count)
	}
	return values, codes
}

// hessian returns the covariance of the codes: half the Hessian of the squared
// error in an output channel by its weights, once the bias has absorbed the
// mean.
func (m *inputStats) hessian() *mat.SymDense {
	depth := m.n - 1
	count := m.gram[len(m.gram)-1]
	h := mat.NewSymDense(depth, nil)
	for i := range depth {
		for j := i; j < depth; j++ {
			mean := m.gram[i*m.n+depth] * m.gram[j*m.n+depth] / count
			h.SetSym(i, j, (m.gram[i*m.n+j]-mean)/count)
		}
	}
	return h
}

// crossCovariance returns the covariance of y/inScale - x, the error of the codes,
// with x: [error of input][code].
func (m *inputStats) crossCovariance(inScale float64) *mat.Dense {
	depth := m.n - 1
	count := m.gram[len(m.gram)-1]
	d := mat.NewDense(depth, depth, nil)
	for i := range depth {
		meanY := m.cross[i*m.n+depth] / count
		meanX := m.gram[i*m.n+depth] / count
		for j := range depth {
			mean := m.gram[j*m.n+depth]
			y := m.cross[i*m.n+j] - float64(meanY*mean)
			x := m.gram[min(i, j)*m.n+max(i, j)] - float64(meanX*mean)
			d.Set(i, j, (y/inScale-x)/count)
		}
	}
	return d
}
