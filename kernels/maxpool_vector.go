//go:build amd64 || arm64

package kernels

// maxRow16 writes 16 channels of a row of the 3x3 maximum: whole pixels
// whose windows have three columns, then one with two if cut is 1.
//
//go:noescape
func maxRow16(dst *int8, rows *[3]*int8, pixel, dstPixel, whole, cut int)

// maxPoolVector takes 16 channels at a time, the rest by the plain loop.
func maxPoolVector(dst, src Map, p PoolSpec, rows Span) {
	whole := min(p.Out, (p.In-1)/2)
	done := p.Channels &^ 15
	if rows.From >= rows.To || p.Out-whole > 1 || p.In < 2 {
		done = 0 // a window of a single column
	}
	if done > 0 {
		// The last bytes read and written are inside of the maps.
		_ = src.Data[min(2*rows.To, p.In-1)*src.Row+min(2*p.Out, p.In-1)*src.Pixel+done-1]
		_ = dst.Data[(rows.To-1)*dst.Row+(p.Out-1)*dst.Pixel+done-1]
		for y := rows.From; y < rows.To; y++ {
			for c := 0; c < done; c += 16 {
				var lines [3]*int8
				for i := range lines {
					// A row that is cut off counts as the last one once more.
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
