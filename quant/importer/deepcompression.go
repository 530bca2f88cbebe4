package importer

import (
	"encoding/binary"
	"fmt"

	"halfmeg/model"
)

// Deep Compression (arXiv:1510.00149) as songhan/SqueezeNet-Deep-Compression
// publishes it (decode.py there). The file is little-endian and states neither
// names nor shapes. It starts with one uint32 per layer, the number of stored
// entries. Then follow, for each layer, a codebook of 256 float32, the biases in
// float32, one codebook index (a byte) per entry and one gap (4 bits, low nibble
// first) per entry. An entry is gap+1 positions after the previous one in the
// flattened [out][in][y][x] weights. The weights between them are zero.
const (
	codebookSize = 256
	// weightsPerByte bounds the weights that a byte of the file can stand for:
	// an entry of 12 bits covers up to 16 weights, 10.7 per byte.
	weightsPerByte = 11
)

// isDeepCompression reports whether the file starts with plausible numbers of
// entries, the only trace of the format.
func isDeepCompression(data []byte, t model.Topology) bool {
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

func readDeepCompression(data []byte, t model.Topology) (*file, error) {
	g, err := t.Graph()
	if err != nil {
		return nil, err
	}
	f := &file{framework: caffe}
	at := 4 * len(g.Convolutions)
	// take returns the next n bytes and advances past them.
	take := func(what, layer string, n int) ([]byte, error) {
		if n > len(data)-at {
			return nil, fmt.Errorf("offset %d: %s: the file ends within its %s of %d bytes", at, layer, what, n)
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
		}{{"codebook", 4 * codebookSize}, {"biases", 4 * s.Out}, {"indices", entries}, {"gaps", (entries + 1) / 2}} {
			if parts[j], err = take(part.what, s.Name, part.size); err != nil {
				return nil, err
			}
		}
		codebook, biases, indices, gaps := parts[0], parts[1], parts[2], parts[3]
		where := fmt.Sprintf("offset %d", start)
		f.convs = append(f.convs, conv{
			name: s.Name,
			weights: &tensor{name: s.Name + " weights", where: where, shape: []int{s.Out, s.In, s.Kernel, s.Kernel},
				load: func() ([]float32, error) { return expandSparse(codebook, indices, gaps, s.Weights()) }},
			bias: &tensor{name: s.Name + " biases", where: where, shape: []int{s.Out},
				load: func() ([]float32, error) { return float32Type.decode(biases) }},
		})
	}
	if at != len(data) {
		return nil, fmt.Errorf("offset %d: %d bytes follow the last layer", at, len(data)-at)
	}
	return f, nil
}

// expandSparse expands a layer's entries to dense weights.
func expandSparse(codebook, indices, gaps []byte, count int) ([]float32, error) {
	v := make([]float32, count)
	at := -1
	for i, index := range indices {
		at += int(gaps[i/2]>>(4*(i%2))&15) + 1
		if at >= count {
			return nil, fmt.Errorf("entry %d of %d is past the last weight", i, len(indices))
		}
		if index != 0 { // index 0 is a filler in a gap of more than 15
			v[at] = float32Type.at(codebook, int(index))
		}
	}
	return v, nil
}
