package arith_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/model/sqz/internal/arith"
)

// A step is one call of a coder: with an adaptive estimate, with a given
// probability, or raw.
type step struct {
	context int    // of an estimate, or -1; from contexts on, of a Chance
	p       uint32 // if not 0
	bits    int    // raw, otherwise
	value   uint32
}

const contexts = 4

func encode(steps []step) []byte {
	e := arith.NewEncoder(nil)
	var estimates [contexts]arith.Bit
	chances := newChances()
	for _, s := range steps {
		switch {
		case s.context >= contexts:
			e.Chance(&chances[s.context-contexts], s.value != 0)
		case s.context >= 0:
			e.Bit(&estimates[s.context], int(s.value))
		case s.p != 0:
			e.BitP(s.p, int(s.value))
		default:
			e.Raw(s.value, s.bits)
		}
	}
	return e.Finish()
}

// decode fills in the values of steps.
func decode(d *arith.Decoder, steps []step) []step {
	var estimates [contexts]arith.Bit
	chances := newChances()
	var out []step
	for _, s := range steps {
		switch {
		case s.context >= contexts:
			s.value = decodeChance(d, &chances[s.context-contexts])
		case s.context >= 0:
			s.value = uint32(d.Bit(&estimates[s.context]))
		case s.p != 0:
			s.value = uint32(d.BitP(s.p))
		default:
			s.value = d.Raw(s.bits)
		}
		out = append(out, s)
	}
	return out
}

// newChances makes one of each kind, the extremes included.
func newChances() [contexts]arith.Chance {
	return [contexts]arith.Chance{
		arith.ChanceOf(0), arith.ChanceOf(1 << (arith.Bits - 1)), arith.ChanceOf(1 << 15), arith.ChanceOf(1 << arith.Bits),
	}
}

// decodeChance decodes a bit as a loop that keeps the interval does.
func decodeChance(d *arith.Decoder, c *arith.Chance) uint32 {
	at, bound := d.Cut(d.Interval(), *c)
	if at.Off < bound {
		*c = c.AfterOne()
		d.Continue(at.Below(bound))
		return 1
	}
	*c = c.AfterZero()
	d.Continue(at.Above(bound))
	return 0
}

func requireRoundTrip(t *testing.T, steps []step) {
	t.Helper()
	stream := encode(steps)
	d := arith.NewDecoder(stream)
	require.Equal(t, steps, decode(d, steps))
	require.NoError(t, d.Err())
	require.True(t, d.AtEnd(), "the decoder ends where the stream does")
}

// stepsFrom makes steps of any bytes.
func stepsFrom(data []byte) []step {
	var steps []step
	for ; len(data) >= 3; data = data[3:] {
		s := step{context: -1, value: uint32(data[1] & 1)}
		switch data[0] % 4 {
		case 0, 1:
			s.context = int(data[0]/4) % (2 * contexts)
		case 2:
			s.p = []uint32{arith.MinP, arith.MinP + 1, 1<<arith.Bits - arith.MinP, 1 << (arith.Bits - 1), arith.MinP + uint32(data[2])<<10}[data[0]/4%5]
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

// Unlikely bits leave the lower end just below a carry: all short sequences
// of them run through every way a carry can go.
func TestRoundTripOfAllShortSequences(t *testing.T) {
	const length = 10
	for _, p := range []uint32{arith.MinP, 99, 1 << 14, 1 << 21, 1<<22 - 1<<14, 1<<22 - arith.MinP} {
		for pattern := range 1 << length {
			var steps []step
			for i := range length {
				steps = append(steps, step{context: -1, p: p, value: uint32(pattern>>i) & 1})
			}
			requireRoundTrip(t, steps)
		}
	}
}

// A stream of n bits with k ones in random order carries n·H(k/n) bits, up
// to a logarithm: a coder cannot do with less, and an adaptive one needs
// little more.
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

			e := arith.NewEncoder(nil)
			var b arith.Bit
			for _, bit := range bits {
				e.Bit(&b, bit)
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
	e := arith.NewEncoder(nil)
	var b arith.Bit
	for range n {
		e.Bit(&b, 0)
	}
	e.Bit(&b, 1)
	stream := e.Finish()
	require.Less(t, len(stream), 16)

	d := arith.NewDecoder(stream)
	b = 0
	ones := 0
	for range n {
		ones += d.Bit(&b)
	}
	require.Zero(t, ones)
	require.Equal(t, 1, d.Bit(&b))
	require.True(t, d.AtEnd())
}

// However long an estimate learns, it stays a probability and leaves both bits possible.
func TestEstimateNeverBecomesCertain(t *testing.T) {
	for bit := range 2 {
		for _, limit := range []int32{1, 20, arith.Limit, 1023} {
			var b arith.Bit
			least, most := b.P(), b.P()
			for range 1 << 16 {
				b.Adapt(bit == 1, limit)
				least, most = min(least, b.P()), max(most, b.P())
			}
			require.GreaterOrEqual(t, least, uint32(arith.MinP))
			require.LessOrEqual(t, most, uint32(1<<arith.Bits-arith.MinP))
			require.Equal(t, bit == 1, b.P() > 1<<(arith.Bits-1))
		}
	}
}

func TestChanceNeverBecomesCertain(t *testing.T) {
	for _, start := range newChances() {
		low, high := start, start
		for range 1 << 14 {
			require.GreaterOrEqual(t, low, arith.Chance(arith.MinP))
			require.LessOrEqual(t, high, arith.Chance(1<<arith.Bits-arith.MinP))
			low, high = low.AfterZero(), high.AfterOne()
		}
		require.Less(t, low, arith.Chance(1<<8))
		require.Greater(t, high, arith.Chance(1<<arith.Bits-1<<8))
	}
}

func TestEncoderAppends(t *testing.T) {
	e := arith.NewEncoder([]byte("head"))
	e.Raw(0xFFFF, 16)
	require.Equal(t, "head", string(e.Finish()[:4]))
}

func TestTruncatedStream(t *testing.T) {
	steps := []step{{context: -1, bits: 32, value: 0xDEADBEEF}, {context: -1, bits: 32, value: 0x12345678}}
	stream := encode(steps)
	for n := range stream {
		d := arith.NewDecoder(stream[:n])
		decode(d, steps)
		require.ErrorIs(t, d.Err(), arith.ErrTruncated, "%d of %d bytes", n, len(stream))
	}
	d := arith.NewDecoder(append(stream, 0))
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
		d := arith.NewDecoder(stream)
		for _, s := range decode(d, stepsFrom(program)) {
			if s.context >= 0 || s.p != 0 {
				require.LessOrEqual(t, s.value, uint32(1))
			}
		}
		for range len(stream) + 8 {
			d.Raw(8)
		}
		require.ErrorIs(t, d.Err(), arith.ErrTruncated, "more raw bits than the stream has")
	})
}

func BenchmarkDecodeBit(b *testing.B) {
	rng := rand.New(rand.NewPCG(5, 6))
	const n = 1 << 16
	e := arith.NewEncoder(nil)
	var estimate arith.Bit
	for range n {
		bit := 0
		if rng.Float64() < 0.2 {
			bit = 1
		}
		e.Bit(&estimate, bit)
	}
	stream := e.Finish()
	for b.Loop() {
		d := arith.NewDecoder(stream)
		estimate = 0
		for range n {
			d.Bit(&estimate)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/bit")
}
