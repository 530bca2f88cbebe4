package importer

import (
	"encoding/binary"
	"encoding/json"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// net encodes a sample in Deep Compression's format.
func (s *sample) net() []byte {
	var counts, body []byte
	for i := range s.steps {
		codebook := []float32{0}
		var indices, gaps []byte
		last := -1
		for place, v := range s.weights[i] {
			for v != 0 && place-last > 16 || v == 0 && place-last == 16 { // insert a filler
				indices, gaps = append(indices, 0), append(gaps, 15)
				last += 16
			}
			if v == 0 {
				continue
			}
			if !slices.Contains(codebook, v) {
				codebook = append(codebook, v)
			}
			indices, gaps = append(indices, byte(slices.Index(codebook, v))), append(gaps, byte(place-last-1))
			last = place
		}
		counts = binary.LittleEndian.AppendUint32(counts, uint32(len(indices)))
		body = append(body, encode(float32Type, append(codebook, make([]float32, codebookSize-len(codebook))...))...)
		body = append(append(body, encode(float32Type, s.bias[i])...), indices...)
		for j := 0; j < len(gaps); j += 2 {
			packed := gaps[j]
			if j+1 < len(gaps) {
				packed |= gaps[j+1] << 4
			}
			body = append(body, packed)
		}
	}
	return append(counts, body...)
}

// prune keeps one weight in 25, so that gaps of more than 16 occur.
func (s *sample) prune() {
	for _, w := range s.weights {
		for i := range w {
			if i%25 != 0 {
				w[i] = 0
			} else if w[i] == 0 {
				w[i] = 1
			}
		}
	}
}

// TestNetTopology reads a .net that is not v1.0.
func TestNetTopology(t *testing.T) {
	s := newSample(t, tiny())
	s.prune()
	text, err := json.Marshal(s.topology)
	require.NoError(t, err)
	o := Options{Topology: writeFile(t, "mine.json", text)}
	l := mustRead(t, s.net(), o)
	s.require(t, l)
	require.Equal(t, "net", l.Format)

	_, err = read(append(s.net(), 0), o)
	require.ErrorContains(t, err, "1 bytes follow the last layer")
	_, err = read(s.net()[:2300], o)
	require.ErrorContains(t, err, "fire2/expand1x1: the file ends within its codebook of 1024 bytes")
	_, err = read(s.net(), Options{})
	require.ErrorContains(t, err, "not recognised")
}
