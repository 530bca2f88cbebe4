//go:build (amd64 || arm64) && !noasm

package kernels

// maxRow16 computes 16 channels of an output row from three input rows: whole
// windows of three columns, then, if cut is 1, one of two columns at the right
// edge. pixel and dstPixel are bytes from a pixel to the next.
//
//go:noescape
func maxRow16(dst *int8, rows *[3]*int8, pixel, dstPixel, whole, cut int)

// maxPoolVector computes 16 channels at a time, and the remaining channels with
// the plain loop.
func maxPoolVector(dst, src Map, p PoolSpec, rows Span) {
	whole := min(p.Out, (p.In-1)/2)
	done := p.Channels &^ 15
	if rows.From >= rows.To || p.Out-whole > 1 || p.In < 2 {
		done = 0 // the last window has a single column
	}
	if done > 0 {
		// Bounds checks for the assembly: the last bytes read and written.
		_ = src.Data[min(2*rows.To, p.In-1)*src.Row+min(2*p.Out, p.In-1)*src.Pixel+done-1]
		_ = dst.Data[(rows.To-1)*dst.Row+(p.Out-1)*dst.Pixel+done-1]
		for y := rows.From; y < rows.To; y++ {
			for c := 0; c < done; c += 16 {
				var lines [3]*int8
				for i := range lines {
					// Below the lower edge, repeat the last row.
					lines[i] = &src.Data[min(2*y+i, p.In-1)*src.Row+c]
				}
				maxRow16(&dst.Data[y*dst.Row+c], &lines, src.Pixel, dst.Pixel, whole, p.Out-whole)
			}
		}
	}
	if done < p.Channels {
		p.Channels -= done
		maxPoolGeneric(dst.At(0, 0, done), src.At(0, 0, done), p, rows)
	}
}
