package sqz

import (
	"encoding/binary"
	"hash/crc32"
	"math"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/model"
	"halfmeg/model/sqz/internal/arith"
)

// fileWith returns a file with the body that write writes and a valid frame.
func fileWith(write func(*body)) []byte {
	w := &writer{e: arith.NewEncoder(make([]byte, prefixSize))}
	write(newBody(w, versionFirst))
	file := w.e.Finish()
	copy(file, magic)
	binary.LittleEndian.PutUint32(file[4:], versionFirst)
	binary.LittleEndian.PutUint32(file[8:], uint32(len(file)+trailerSize))
	return binary.LittleEndian.AppendUint32(file, crc32.Checksum(file, castagnoli))
}

// allocatedBytes returns how much f allocates in total.
func allocatedBytes(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// TestInvalidBodies decodes files with a valid checksum and an invalid body.
// Decoding fails without much memory, whatever dimensions the body claims.
func TestInvalidBodies(t *testing.T) {
	huge := model.V11()
	huge.Fires[3] = model.Fire{S1x1: 1 << 9, E1x1: 1 << 12, E3x3: 1 << 12}
	beyond := model.V11()
	beyond.Conv1.Filters = math.MaxInt32
	negative := model.V11()
	negative.Head.Classes = -1
	wide := model.V11()
	wide.Head.Classes = 1 << 14
	invalid := model.Network{
		Topology: model.Topology{Size: 3, Conv1: model.Stem{Filters: 1, Kernel: 3, Stride: 1}, Head: model.Head{Classes: 1}},
		Layers:   []model.Layer{{Weights: make([]int8, 27)}, {Weights: make([]int8, 1)}},
	}

	for want, write := range map[string]func(*body){
		"header: 22665920 weights, at most 16777216 are supported": func(b *body) { b.topology(&huge) },
		"header: topology: conv1: 2147483647 filters":              func(b *body) { b.topology(&beyond) },
		"header: topology: conv10: needs at least one filter":      func(b *body) { b.topology(&negative) },
		"header: a list of 1025 items, at most 1024 are supported": func(b *body) {
			b.topology(&model.Topology{PoolAfter: make([]int, 1025)})
		},
		"header: a list of -1 items, at most 1024 are supported": func(b *body) {
			b.text("")
			for _, v := range []int{227, 64, 3, 2, 0, -1} {
				b.integer(&v)
			}
		},
		"header: a number of 33 bits, at most 32 are supported": func(b *body) {
			b.text("")
			codeTree(b, b.integers.length[:], 33, 6)
		},
		"conv1: the coded data ends too early": func(b *body) {
			b.topology(&wide)
			b.input(&model.Input{})
			b.source(&model.Source{})
			b.labels(nil, 0)
		},
		"labels: the coded data ends too early": func(b *body) {
			b.topology(&wide)
			b.input(&model.Input{})
			b.source(&model.Source{})
			b.raw(1, 1)
			for range 1000 {
				b.text("a label")
			}
		},
		"conv1: a prediction coefficient of 129, at most 128 is supported": func(b *body) {
			b.topology(&wide)
			b.input(&model.Input{})
			b.source(&model.Source{})
			b.labels(nil, 0)
			b.raw(0, 32)
			b.raw(0, 1)
			new(numberModel).signed(b, 129)
			b.raw(0, 32)
		},
		"conv1: a weight beyond ±127": func(b *body) {
			b.topology(&invalid.Topology)
			b.input(&model.Input{})
			b.source(&model.Source{})
			b.labels(nil, 0)
			b.raw(0, 32)
			b.raw(1, 1)
			indices := make([]int8, 27)
			indices[20] = -65
			b.filters.encodeLevels(b.coder.(*writer).e, model.Step{Kernel: 3, In: 3, Out: 1}, indices)
		},
		"damaged: the body continues after the last layer": func(b *body) {
			b.network(&invalid)
			b.raw(0, 32)
		},
		"input side 0": func(b *body) {
			b.network(&invalid)
		},
	} {
		t.Run(want, func(t *testing.T) {
			file := fileWith(write)
			var err error
			allocated := allocatedBytes(func() { _, err = Decode(file) })
			require.ErrorContains(t, err, want)
			require.Less(t, allocated, uint64(4<<20))
		})
	}
}
