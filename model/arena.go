package model

import (
	"slices"

	"halfmeg/kernels"
)

// buffer holds a tensor in the arena, with a border where a padded
// convolution reads it.
type buffer struct {
	size, channels int // size is the side in pixels without the border
	border         int // width in pixels
	first, last    int // lifetime: the first operation that writes it, the last that reads it
	offset         int // in the arena
	data           []int8
}

func (b *buffer) row() int   { return (b.size + 2*b.border) * b.channels }
func (b *buffer) bytes() int { return (b.size + 2*b.border) * b.row() }

// whole returns the tensor with its border.
func (b *buffer) whole() kernels.Map {
	return kernels.Map{Data: b.data, Pixel: b.channels, Row: b.row()}
}

// inside returns the tensor without its border.
func (b *buffer) inside() kernels.Map { return b.whole().At(b.border, b.border, 0) }

// overlaps reports whether the two are alive at the same time.
func (b *buffer) overlaps(other *buffer) bool { return b.first <= other.last && other.first <= b.last }

// arenaAlign is the size of a cache line: no two buffers share one.
const arenaAlign = 64

// place allocates an arena for the buffers: first fit, the largest buffer
// first. Buffers whose lifetimes overlap do not share memory.
func place(buffers []*buffer) (arena []int8) {
	bySize := slices.Clone(buffers)
	slices.SortStableFunc(bySize, func(a, b *buffer) int { return b.bytes() - a.bytes() })
	total := 0
	for i, b := range bySize {
		b.offset = firstFit(b, bySize[:i])
		total = max(total, b.offset+b.bytes())
	}
	arena = make([]int8, total)
	for _, b := range buffers {
		b.data = arena[b.offset : b.offset+b.bytes()]
	}
	return arena
}

// firstFit returns the lowest offset at which the buffer does not collide with
// those that are placed already.
func firstFit(b *buffer, placed []*buffer) int {
	var taken []*buffer
	for _, p := range placed {
		if p.overlaps(b) {
			taken = append(taken, p)
		}
	}
	slices.SortFunc(taken, func(a, b *buffer) int { return a.offset - b.offset })
	offset := 0
	for _, t := range taken {
		if offset+b.bytes() <= t.offset {
			break
		}
		offset = max(offset, align(t.offset+t.bytes()))
	}
	return offset
}

func align(n int) int { return (n + arenaAlign - 1) / arenaAlign * arenaAlign }
