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

// samples are small files to start from.
func samples(f *testing.F) [][]byte {
	labelled := network(tiny(), 1, laplacian(2))
	labelled.Labels = []string{"tench", "goldfish", "great white shark"}
	short := network(model.Topology{
		Size: 1, Conv1: model.Stem{Filters: 1, Kernel: 1, Stride: 1}, Head: model.Head{Classes: 1},
	}, 2, func(*rand.Rand) int8 { return 0 })
	short.Source = model.Source{}
	var files [][]byte
	for _, n := range []*model.Network{labelled, short, network(tiny(), 3, uniform)} {
		file, err := sqz.Encode(n)
		require.NoError(f, err)
		files = append(files, file)
	}
	return files
}

// requireSound decodes a file: without a panic, without much memory, and if
// a network comes out, it is one that can be written and read again.
func requireSound(t *testing.T, file []byte) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	n, err := sqz.Decode(file)
	runtime.ReadMemStats(&after)
	// Slices that grow take up to about five times their final size in all.
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(5*sqz.MaxWeights+5*sqz.MaxText+8<<20))
	if err != nil || weights(n) > 1<<16 { // coding more than that takes too long
		return
	}
	requireRoundTrip(t, n)
}

func weights(n *model.Network) int {
	sum := 0
	for _, l := range n.Layers {
		sum += len(l.Weights)
	}
	return sum
}

func FuzzDecode(f *testing.F) {
	for _, file := range samples(f) {
		f.Add(file)
		f.Add(file[:len(file)/2])
	}
	f.Fuzz(requireSound)
}

// FuzzDecodeBody puts any body into a right frame, so that what the checksum
// would find comes to the parts behind it.
func FuzzDecodeBody(f *testing.F) {
	const prefix, trailer = 12, 4
	for _, file := range samples(f) {
		f.Add(file[prefix : len(file)-trailer])
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		file := binary.LittleEndian.AppendUint32([]byte("\x8aSQZ"), 1)
		file = binary.LittleEndian.AppendUint32(file, uint32(prefix+len(body)+trailer))
		file = append(file, body...)
		sum := crc32.Checksum(file, crc32.MakeTable(crc32.Castagnoli))
		requireSound(t, binary.LittleEndian.AppendUint32(file, sum))
	})
}
