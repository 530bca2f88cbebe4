package kernels

// PoolSpec describes a 3x3 maximum pool of stride 2 over a square map.
type PoolSpec struct {
	Channels int
	In, Out  int // pixels along a side
}

// MaxPool computes a range of rows of the output. A window that reaches over the
// right or lower edge counts what is inside.
func MaxPool(dst, src Map, p PoolSpec, rows Span) { active.maxPool(dst, src, p, rows) }
