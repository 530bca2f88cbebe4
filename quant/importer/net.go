package importer

import (
	"encoding/binary"
	"fmt"

	"halfmeg/model"
)

// Deep Compression (arXiv:1510.00149) as songhan/SqueezeNet-Deep-Compression
// publishes it. The file is little-endian and carries neither names nor
// shapes: one uint32 a layer, the number of stored entries; then for each
// layer a codebook of 256 float32, the float32 biases, one codebook index (a
// byte) for each entry, and one gap (4 bits, low nibble first) for each
// entry. An entry stands gap+1 places behind the one before it in the
// flattened [out][in][y][x] weights; what lies between is zero.
const (
	netCodebook = 256
	// netExpansion is how many weights a byte of the file can stand for: an
	// entry of 12 bits covers up to 16 weights.
	netExpansion = 11
)

// isNet tells whether the file opens with possible numbers of entries.
func isNet(data []byte, t model.Topology) bool {
	g, err := t.Graph()
	if err != nil || len(data) < 4*len(g.Convolutions) {
		return false
	}
	for i, s := range g.Convolutions {
		if n := binary.LittleEndian.Uint32(data[4*i:]); n == 0 || uint64(n) > uint64(s.Weights()) {
			return false
		}
	}
	return true
}

func readNet(data []byte, t model.Topology) (*contents, error) {
	g, err := t.Graph()
	if err != nil {
		return nil, err
	}
	c := &contents{style: caffe}
	at := 4 * len(g.Convolutions)
	// take cuts the next n bytes off.
	take := func(what, layer string, n int) ([]byte, error) {
		if n > len(data)-at {
			return nil, fmt.Errorf("offset %d: %s: its %s of %d bytes are cut off at the end of the file", at, layer, what, n)
		}
		at += n
		return data[at-n : at], nil
	}
	for i, s := range g.Convolutions {
		entries := int(binary.LittleEndian.Uint32(data[4*i:]))
		start := at
		var parts [4][]byte
		for j, part := range []struct {
			what string
			size int
		}{{"codebook", 4 * netCodebook}, {"biases", 4 * s.Out}, {"indices", entries}, {"gaps", (entries + 1) / 2}} {
			if parts[j], err = take(part.what, s.Name, part.size); err != nil {
				return nil, err
			}
		}
		codebook, biases, indices, gaps := parts[0], parts[1], parts[2], parts[3]
		where := fmt.Sprintf("offset %d", start)
		c.convs = append(c.convs, conv{
			name: s.Name,
			weights: &tensor{name: s.Name + " weights", where: where, shape: []int{s.Out, s.In, s.Kernel, s.Kernel},
				load: func() ([]float32, error) { return unpackNet(codebook, indices, gaps, s.Weights()) }},
			bias: &tensor{name: s.Name + " biases", where: where, shape: []int{s.Out},
				load: func() ([]float32, error) { return float32Type.decode(biases) }},
		})
	}
	if at != len(data) {
		return nil, fmt.Errorf("offset %d: %d bytes follow the last layer", at, len(data)-at)
	}
	return c, nil
}

// unpackNet puts a layer's entries in their places.
func unpackNet(codebook, indices, gaps []byte, count int) ([]float32, error) {
	v := make([]float32, count)
	place := -1
	for i, index := range indices {
		place += int(gaps[i/2]>>(4*(i%2))&15) + 1
		if place >= count {
			return nil, fmt.Errorf("entry %d of %d stands behind the last weight", i, len(indices))
		}
		if index != 0 { // index 0 only bridges a gap that is too wide for 4 bits
			v[place] = float32Type.at(codebook, int(index))
		}
	}
	return v, nil
}
