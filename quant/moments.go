package quant

import (
	"halfmeg/model"
	"halfmeg/quant/float"
)

// moments are the sums over calibration of what a convolution's weights
// multiply: x is a patch of the quantized network's codes, y the float
// network's patch at the same place, each with a 1 appended.
type moments struct {
	n     int       // weights of an output channel, plus one
	gram  []float64 // [n][n], sum of x_i * x_j
	cross []float64 // [n][n], sum of y_i * x_j
}

func newMoments(n int) *moments {
	return &moments{n: n, gram: make([]float64, n*n), cross: make([]float64, n*n)}
}

// momentPatches is how many patches of a picture are taken at most: they
// are alike enough that more of them cost time and teach little.
const momentPatches = 256

// momentLanes is how many partial sums there are. Picture i goes to lane
// i mod momentLanes, and each lane is summed in order, so that the result
// does not depend on the number of workers.
const momentLanes = 8

// lanes collects the moments of one convolution.
type lanes struct{ sums [momentLanes]*moments }

func newLanes(s model.Step) *lanes {
	l := &lanes{}
	for i := range l.sums {
		l.sums[i] = newMoments(s.Kernel*s.Kernel*s.In + 1)
	}
	return l
}

// total adds the lanes up, in order.
func (l *lanes) total() *moments {
	t := l.sums[0]
	for _, m := range l.sums[1:] {
		accumulate(t.gram, m.gram)
		accumulate(t.cross, m.cross)
	}
	return t
}

func accumulate[T float32 | float64](sums, values []T) {
	for k, v := range values {
		sums[k] += v
	}
}

// add takes in one picture.
func (m *moments) add(c *float.Conv, s model.Step, values, codes float.Map, pad []float32, scratch *float.Scratch) {
	pixels := s.OutSize * s.OutSize
	count := min(momentPatches, pixels)
	x := samplePatches(c, s, codes, pad, count, scratch)
	y := samplePatches(c, s, values, pad, count, scratch)
	packed := float.PackTransposed(x, m.n, count)
	product := make([]float32, m.n*m.n)
	packed.MulAdd(product, m.n, x, count, m.n)
	widenAdd(m.gram, product)
	clear(product)
	packed.MulAdd(product, m.n, y, count, m.n)
	widenAdd(m.cross, product)
}

func widenAdd(sums []float64, values []float32) {
	for i, v := range values {
		sums[i] += float64(v)
	}
}

// samplePatches gathers count patches, evenly spread over the output map,
// transposed: [n][count], the last row being ones.
func samplePatches(c *float.Conv, s model.Step, in float.Map, pad []float32, count int, scratch *float.Scratch) []float32 {
	depth := s.Kernel * s.Kernel * s.In
	out := make([]float32, (depth+1)*count)
	for i := range count {
		row, _ := c.Patches(in, i*s.OutSize*s.OutSize/count, 1, s.OutSize, pad, scratch)
		for k, v := range row[:depth] {
			out[k*count+i] = v
		}
		out[depth*count+i] = 1
	}
	return out
}

// means of the float network's inputs and of the codes.
func (m *moments) means() (values, codes []float64) {
	depth := m.n - 1
	count := m.gram[len(m.gram)-1]
	for k := range depth {
		values = append(values, m.cross[k*m.n+depth]/count)
		codes = append(codes, m.gram[k*m.n+depth]/count)
	}
	return values, codes
}
