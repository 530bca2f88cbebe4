package model

import (
	"slices"

	"halfmeg/kernels"
)

// buffer is a feature map of one frame: where it lies in the arena and from
// which operation to which its bytes matter.
type buffer struct {
	size, channels int // side in pixels without the border
	border         int // pixels of real zero on each side
	first, last    int // operations that write it first and read it last
	offset         int // in the arena
}

func (t *buffer) row() int   { return (t.size + 2*t.border) * t.channels }
func (t *buffer) bytes() int { return (t.size + 2*t.border) * t.row() }

// view is the whole map, border and all.
func (t *buffer) view(arena []int8) kernels.Map {
	return kernels.Map{Data: arena[t.offset : t.offset+t.bytes()], Pixel: t.channels, Row: t.row()}
}

// inside is the map without its border.
func (t *buffer) inside(arena []int8) kernels.Map {
	return t.view(arena).At(t.border, t.border, 0)
}

// arenaAlign keeps every buffer on a cache line of its own.
const arenaAlign = 64

// plan gives every buffer a place such that two that live at the same time
// do not overlap, the largest first, each at the lowest offset that is free.
// It returns the bytes needed.
func plan(buffers []*buffer) int {
	order := slices.Clone(buffers)
	slices.SortStableFunc(order, func(a, b *buffer) int { return b.bytes() - a.bytes() })
	total := 0
	for i, t := range order {
		t.offset = lowest(t, order[:i])
		total = max(total, t.offset+t.bytes())
	}
	return total
}

func lowest(t *buffer, placed []*buffer) int {
	var rivals []*buffer
	for _, p := range placed {
		if p.first <= t.last && t.first <= p.last {
			rivals = append(rivals, p)
		}
	}
	slices.SortFunc(rivals, func(a, b *buffer) int { return a.offset - b.offset })
	offset := 0
	for _, r := range rivals {
		if offset+t.bytes() <= r.offset {
			break
		}
		offset = max(offset, align(r.offset+r.bytes()))
	}
	return offset
}

func align(n int) int { return (n + arenaAlign - 1) / arenaAlign * arenaAlign }
