package sqz_test

import (
	"encoding/binary"
	"hash/crc32"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/model"
	"halfmeg/model/sqz"
)

// seeds returns small files for the corpus.
func seeds(f *testing.F) [][]byte {
	labelled := network(tiny(), 1, laplacian(2))
	labelled.Labels = []string{"tench", "goldfish", "great white shark"}
	short := network(model.Topology{
		Size: 1, Conv1: model.Stem{Filters: 1, Kernel: 1, Stride: 1}, Head: model.Head{Classes: 1},
	}, 2, func(*rand.Rand) int8 { return 0 })
	short.Source = model.Source{}
	var files [][]byte
	for _, n := range []*model.Network{labelled, short, network(tiny(), 3, uniform), network(linear(), 4, uniform)} {
		file, err := sqz.Encode(n)
		require.NoError(f, err)
		files = append(files, file)
	}
	return files
}

// requireRobust decodes a file. It must not panic or allocate much, and a
// network that it returns must survive a round trip.
func requireRobust(t *testing.T, file []byte) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	n, err := sqz.Decode(file)
	runtime.ReadMemStats(&after)
	// A growing slice allocates up to about five times its final size in total.
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(5*sqz.MaxWeights+5*sqz.MaxText+8<<20))
	if err != nil || weights(n) > 1<<16 { // encoding more takes too long
		return
	}
	requireRoundTrip(t, n)
}

// weights counts the weights of a network.
func weights(n *model.Network) int {
	sum := 0
	for _, l := range n.Layers {
		sum += len(l.Weights)
	}
	return sum
}

func FuzzDecode(f *testing.F) {
	for _, file := range seeds(f) {
		f.Add(file)
		f.Add(file[:len(file)/2])
	}
	f.Fuzz(requireRobust)
}

// FuzzDecodeBody puts the data into a valid frame, to get past the checksum.
func FuzzDecodeBody(f *testing.F) {
	const prefix, trailer = 12, 4
	for _, file := range seeds(f) {
		f.Add(file[prefix:len(file)-trailer], file[4])
	}
	f.Fuzz(func(t *testing.T, body []byte, version byte) {
		file := binary.LittleEndian.AppendUint32([]byte("\x8aSQZ"), uint32(version))
		file = binary.LittleEndian.AppendUint32(file, uint32(prefix+len(body)+trailer))
		file = append(file, body...)
		sum := crc32.Checksum(file, crc32.MakeTable(crc32.Castagnoli))
		requireRobust(t, binary.LittleEndian.AppendUint32(file, sum))
	})
}
