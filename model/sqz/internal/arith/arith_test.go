package arith

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// A step is one call of a coder: a bit with an adaptive probability if context
// is not negative, a bit with probability p if p is not 0, or else raw bits.
type step struct {
	context int    // of a CountedProb, or from contexts on of a ShiftProb
	p       uint32 // in units of 2^-ProbBits
	bits    int
	value   uint32
}

// contexts is the number of contexts of either type.
const contexts = 4

func encode(steps []step) []byte {
	e := NewEncoder(nil)
	var counted [contexts]CountedProb
	shift := newShiftProbs()
	for _, s := range steps {
		switch {
		case s.context >= contexts:
			e.Shift(&shift[s.context-contexts], s.value != 0)
		case s.context >= 0:
			e.Counted(&counted[s.context], int(s.value))
		case s.p != 0:
			e.Bit(s.p, int(s.value))
		default:
			e.Raw(s.value, s.bits)
		}
	}
	return e.Finish()
}

// decode returns steps with the values that d decodes.
func decode(d *Decoder, steps []step) []step {
	var counted [contexts]CountedProb
	shift := newShiftProbs()
	var out []step
	for _, s := range steps {
		switch {
		case s.context >= contexts:
			s.value = decodeShift(d, &shift[s.context-contexts])
		case s.context >= 0:
			s.value = uint32(d.Counted(&counted[s.context]))
		case s.p != 0:
			s.value = uint32(d.Bit(s.p))
		default:
			s.value = d.Raw(s.bits)
		}
		out = append(out, s)
	}
	return out
}

// newShiftProbs returns different priors, with both extremes.
func newShiftProbs() [contexts]ShiftProb {
	return [contexts]ShiftProb{
		NewShiftProb(0), NewShiftProb(1 << (ProbBits - 1)), NewShiftProb(1 << 15), NewShiftProb(1 << ProbBits),
	}
}

// decodeShift decodes a bit as a loop over States does.
func decodeShift(d *Decoder, p *ShiftProb) uint32 {
	s, bound := d.Split(d.State(), *p)
	if s.Offset < bound {
		*p = p.AfterOne()
		d.SetState(s.One(bound))
		return 1
	}
	*p = p.AfterZero()
	d.SetState(s.Zero(bound))
	return 0
}

func requireRoundTrip(t *testing.T, steps []step) {
	t.Helper()
	stream := encode(steps)
	d := NewDecoder(stream)
	require.Equal(t, steps, decode(d, steps))
	require.NoError(t, d.Err())
	require.True(t, d.AtEnd(), "the decoder ends where the stream does")
}

// stepsFrom derives valid steps from any data.
func stepsFrom(data []byte) []step {
	var steps []step
	for ; len(data) >= 3; data = data[3:] {
		s := step{context: -1, value: uint32(data[1] & 1)}
		switch data[0] % 4 {
		case 0, 1:
			s.context = int(data[0]/4) % (2 * contexts)
		case 2:
			s.p = []uint32{minProb, minProb + 1, 1<<ProbBits - minProb, 1 << (ProbBits - 1), minProb + uint32(data[2])<<10}[data[0]/4%5]
		default:
			s.bits = int(data[0]/4)%32 + 1
			s.value = uint32(0x01010101) * uint32(data[2]) & (1<<s.bits - 1)
		}
		steps = append(steps, s)
	}
	return steps
}

func TestRoundTripOfRandomSteps(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for n := range 400 {
		data := make([]byte, 3*n)
		for i := range data {
			data[i] = byte(rng.Uint32())
		}
		requireRoundTrip(t, stepsFrom(data))
	}
}

// TestRoundTripOfAllShortSequences covers carries: improbable bits leave the
// lower end just below a carry.
func TestRoundTripOfAllShortSequences(t *testing.T) {
	const length = 10
	for _, p := range []uint32{minProb, 99, 1 << 14, 1 << 21, 1<<22 - 1<<14, 1<<22 - minProb} {
		for pattern := range 1 << length {
			var steps []step
			for i := range length {
				steps = append(steps, step{context: -1, p: p, value: uint32(pattern>>i) & 1})
			}
			requireRoundTrip(t, steps)
		}
	}
}

// TestSizeIsTheEntropy compares the size with the entropy n·H(k/n) of n bits
// with k ones in random order. It is a lower bound up to a term in log n, and
// an adaptive coder should come close to it.
func TestSizeIsTheEntropy(t *testing.T) {
	const n = 1 << 18
	for _, p := range []float64{0.5, 0.3, 0.1, 0.03, 0.01} {
		t.Run(fmt.Sprint(p), func(t *testing.T) {
			ones := int(p * n)
			bits := make([]int, n)
			for i := range ones {
				bits[i] = 1
			}
			rng := rand.New(rand.NewPCG(3, uint64(ones)))
			rng.Shuffle(n, func(i, j int) { bits[i], bits[j] = bits[j], bits[i] })

			e := NewEncoder(nil)
			var b CountedProb
			for _, bit := range bits {
				e.Counted(&b, bit)
			}
			size := float64(8 * len(e.Finish()))
			q := float64(ones) / n
			entropy := -n * (q*math.Log2(q) + (1-q)*math.Log2(1-q))
			t.Logf("%.0f bits, entropy %.0f: %+.2f %%", size, entropy, 100*(size/entropy-1))
			require.Greater(t, size, entropy-64)
			require.Less(t, size, 1.02*entropy+64)
		})
	}
}

func TestCertainBitsCostNextToNothing(t *testing.T) {
	const n = 1 << 18
	e := NewEncoder(nil)
	var b CountedProb
	for range n {
		e.Counted(&b, 0)
	}
	e.Counted(&b, 1)
	stream := e.Finish()
	require.Less(t, len(stream), 16)

	d := NewDecoder(stream)
	b = 0
	ones := 0
	for range n {
		ones += d.Counted(&b)
	}
	require.Zero(t, ones)
	require.Equal(t, 1, d.Counted(&b))
	require.True(t, d.AtEnd())
}

// TestCountedProbNeverBecomesCertain: both bits stay possible however often
// one of them was seen.
func TestCountedProbNeverBecomesCertain(t *testing.T) {
	for bit := range 2 {
		for _, limit := range []int32{1, 20, defaultLimit, 1023} {
			var b CountedProb
			least, most := b.P(), b.P()
			for range 1 << 16 {
				b.UpdateLimit(bit == 1, limit)
				least, most = min(least, b.P()), max(most, b.P())
			}
			require.GreaterOrEqual(t, least, uint32(minProb))
			require.LessOrEqual(t, most, uint32(1<<ProbBits-minProb))
			require.Equal(t, bit == 1, b.P() > 1<<(ProbBits-1))
		}
	}
}

func TestShiftProbNeverBecomesCertain(t *testing.T) {
	for _, start := range newShiftProbs() {
		low, high := start, start
		for range 1 << 14 {
			require.GreaterOrEqual(t, low, ShiftProb(minProb))
			require.LessOrEqual(t, high, ShiftProb(1<<ProbBits-minProb))
			low, high = low.AfterZero(), high.AfterOne()
		}
		require.Less(t, low, ShiftProb(1<<8))
		require.Greater(t, high, ShiftProb(1<<ProbBits-1<<8))
	}
}

func TestEncoderAppends(t *testing.T) {
	e := NewEncoder([]byte("head"))
	e.Raw(0xFFFF, 16)
	require.Equal(t, "head", string(e.Finish()[:4]))
}

func TestTruncatedStream(t *testing.T) {
	steps := []step{{context: -1, bits: 32, value: 0xDEADBEEF}, {context: -1, bits: 32, value: 0x12345678}}
	stream := encode(steps)
	for n := range stream {
		d := NewDecoder(stream[:n])
		decode(d, steps)
		require.ErrorIs(t, d.Err(), errTruncated, "%d of %d bytes", n, len(stream))
	}
	d := NewDecoder(append(stream, 0))
	decode(d, steps)
	require.NoError(t, d.Err())
	require.False(t, d.AtEnd())
}

func FuzzRoundTrip(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{2, 0, 0, 6, 1, 0, 10, 1, 0, 3, 0, 255, 0, 1, 0})
	f.Fuzz(func(t *testing.T, data []byte) { requireRoundTrip(t, stepsFrom(data)) })
}

func FuzzDecoder(f *testing.F) {
	f.Add([]byte{}, []byte{0, 0, 0})
	f.Add([]byte{255, 255, 255, 255, 255}, []byte{2, 0, 0, 127, 0, 0})
	f.Fuzz(func(t *testing.T, stream, program []byte) {
		d := NewDecoder(stream)
		for _, s := range decode(d, stepsFrom(program)) {
			if s.context >= 0 || s.p != 0 {
				require.LessOrEqual(t, s.value, uint32(1))
			}
		}
		for range len(stream) + 8 {
			d.Raw(8)
		}
		require.ErrorIs(t, d.Err(), errTruncated, "more raw bits than the stream has")
	})
}

func BenchmarkDecodeCounted(b *testing.B) {
	rng := rand.New(rand.NewPCG(5, 6))
	const n = 1 << 16
	e := NewEncoder(nil)
	var prob CountedProb
	for range n {
		bit := 0
		if rng.Float64() < 0.2 {
			bit = 1
		}
		e.Counted(&prob, bit)
	}
	stream := e.Finish()
	for b.Loop() {
		d := NewDecoder(stream)
		prob = 0
		for range n {
			d.Counted(&prob)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/bit")
}
