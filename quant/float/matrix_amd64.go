package float

import "golang.org/x/sys/cpu"

func init() {
	if cpu.X86.HasAVX2 {
		tile = tileAVX2
	}
}

// tileAVX2 is tile in vectors of eight columns.
func tileAVX2(c []float32, ldc int, a []float32, lda int, b []float32, depth, rows int) {
	// The last elements that the assembly touches: a panic here, not a stray read there.
	_ = c[(rows-1)*ldc+tileColumns-1]
	_ = a[(rows-1)*lda+depth-1]
	_ = b[depth*tileColumns-1]
	if rows == tileRows {
		tile4x16(&c[0], ldc, &a[0], lda, &b[0], depth)
		return
	}
	for i := range rows {
		tile1x16(&c[i*ldc], &a[i*lda], &b[0], depth)
	}
}

//go:noescape
func tile4x16(c *float32, ldc int, a *float32, lda int, b *float32, depth int)

//go:noescape
func tile1x16(c *float32, a *float32, b *float32, depth int)
