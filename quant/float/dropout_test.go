package float

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/internal/testnet"
)

// TestDropIsAnInput: a network with dropout has the logits of a head that reads the
// product with the mask, and nil ends it.
func TestDropIsAnInput(t *testing.T) {
	for _, topology := range testnet.Heads() {
		r := rand.New(rand.NewPCG(10, 10))
		f, err := NewForward(random(r, topology))
		require.NoError(t, err)
		p := f.NewPass()
		picture := testnet.Picture(r, topology.Size)
		plain, err := p.Run(picture)
		require.NoError(t, err)
		want := append([]float32(nil), plain...)

		in, head := p.HeadInput(), f.graph.Head()
		before := append([]float32(nil), in.Data...)
		mask := make([]float32, len(in.Data))
		for i := range mask {
			mask[i] = float32(2 * r.IntN(2))
		}
		p.Drop(mask)
		got, err := p.Run(picture)
		require.NoError(t, err)
		require.NotEqual(t, want, got)
		require.Equal(t, before, p.HeadInput().Data)

		product := NewMap(in.Size, in.Channels)
		for i, v := range before {
			product.Data[i] = v * mask[i]
		}
		out, logits := NewMap(head.OutSize, head.Out), make([]float32, head.Out)
		f.convs[head.Layer].Apply(out, product, nil, &Scratch{})
		if !head.Linear {
			ReLU(out)
		}
		average(logits, out)
		require.Equal(t, logits, got)

		p.Drop(nil)
		again, err := p.Run(picture)
		require.NoError(t, err)
		require.Equal(t, want, again)
	}
}
