package sqz

import (
	"halfmeg/model"
	"halfmeg/model/sqz/internal/arith"
)

// coder is one direction of the file. A writer codes the value it is given
// and returns it; a reader ignores its argument and returns what the file
// holds. So each part of the format is written down once, for both.
type coder interface {
	// bit codes a bit by its context's estimate.
	bit(b *arith.Bit, bit int) int
	// bitP codes a bit that is 1 with probability p/2^arith.Bits.
	bitP(p uint32, bit int) int
	// raw codes the lowest n bits of v.
	raw(v uint32, n int) uint32
	// weights codes a convolution's weights. Too many of them to be coded
	// through an interface, they have a loop for each direction.
	weights(m *weightModel, s model.Step, w []int8) []int8
	// pos is the number of bytes that all before has taken.
	pos() int
	// fail notes what is wrong, if nothing was before.
	fail(err error)
	// err is the first thing wrong. Values read after it mean nothing, and
	// whatever takes memory in a loop must end the loop.
	err() error
}

type writer struct {
	e     *arith.Encoder
	first error
}

func (w *writer) bit(b *arith.Bit, bit int) int { w.e.Bit(b, bit); return bit }
func (w *writer) bitP(p uint32, bit int) int    { w.e.BitP(p, bit); return bit }
func (w *writer) raw(v uint32, n int) uint32    { w.e.Raw(v, n); return v }
func (w *writer) pos() int                      { return w.e.Len() }
func (w *writer) err() error                    { return w.first }

func (w *writer) fail(err error) {
	if w.first == nil {
		w.first = err
	}
}

func (w *writer) weights(m *weightModel, s model.Step, weights []int8) []int8 {
	m.encode(w.e, s, weights)
	return weights
}

type reader struct {
	d     *arith.Decoder
	first error
}

func (r *reader) bit(b *arith.Bit, _ int) int { return r.d.Bit(b) }
func (r *reader) bitP(p uint32, _ int) int    { return r.d.BitP(p) }
func (r *reader) raw(_ uint32, n int) uint32  { return r.d.Raw(n) }
func (r *reader) pos() int                    { return r.d.Pos() }

// err puts the end of the data first: what seems wrong after it is not.
func (r *reader) err() error {
	if r.first == nil {
		r.first = r.d.Err()
	}
	return r.first
}

func (r *reader) fail(err error) {
	if r.err() == nil {
		r.first = err
	}
}

func (r *reader) weights(m *weightModel, s model.Step, _ []int8) []int8 {
	weights, err := m.decode(r.d, s)
	if err != nil {
		r.fail(err)
	}
	return weights
}
