//go:build !noasm

package kernels

const (
	// patchBytes of gathered windows leave room for weights in an L1 data
	// cache of 32 KiB. gatherSlack is how far gatherNEON may write past the
	// last window.
	patchBytes  = 8 << 10
	gatherSlack = 16
)

// patch holds gathered windows one after the other.
type patch [patchBytes + gatherSlack]int8

// gatherNEON copies windows to contiguous memory. A window has the given number
// of rows, each of length bytes. Windows start step bytes apart, their copies
// depth bytes, the rows of a window row bytes. It reads and writes up to 15 bytes past each row.
//
//go:noescape
func gatherNEON(patch, src *int8, windows, step, rows, row, length, depth int)

// gatherWindows copies the windows of the given number of tiles; at holds the
// pixels of the first one.
func (c *tiledConv) gatherWindows(tiles int, src Map, at *[maxPixels]pixelOffset, patch *patch) {
	length, step := c.Kernel*c.In, c.Stride*src.Pixel
	last := at[c.pixels-1].src + (tiles-1)*c.pixels*step
	inside := last+(c.Kernel-1)*src.Row+length+gatherSlack <= len(src.Data)
	if tiles > 1 && inside {
		gatherNEON(&patch[0], &src.Data[at[0].src], tiles*c.pixels, step, c.Kernel, src.Row, length, c.packedDepth)
		return
	}
	for i := range tiles * c.pixels {
		from := at[i%c.pixels].src + i/c.pixels*c.pixels*step
		if inside {
			gatherNEON(&patch[i*c.packedDepth], &src.Data[from], 1, step, c.Kernel, src.Row, length, c.packedDepth)
			continue
		}
		for y := range c.Kernel {
			copy(patch[i*c.packedDepth+y*length:], src.Data[from+y*src.Row:][:length])
		}
	}
}
