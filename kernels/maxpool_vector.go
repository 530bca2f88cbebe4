//go:build amd64 || arm64

package kernels

// maxRow16 writes 16 channels of a row of the 3x3 maximum: whole pixels
// whose windows have three columns, then one with two if cut is 1.
//
//go:noescape
func maxRow16(dst *int8, rows *[3]*int8, pixel, dstPixel, whole, cut int)

// maxPoolVector takes 16 channels at a time, the rest by the plain loop.
func maxPoolVector(dst, src Map, channels, size, width, from, to int) {
	whole := min(width, (size-1)/2)
	done := channels &^ 15
	if from >= to || width-whole > 1 || size < 2 {
		done = 0 // a window of a single column
	}
	if done > 0 {
		// The last bytes read and written are inside of the maps.
		_ = src.Data[min(2*to, size-1)*src.Row+min(2*width, size-1)*src.Pixel+done-1]
		_ = dst.Data[(to-1)*dst.Row+(width-1)*dst.Pixel+done-1]
		for y := from; y < to; y++ {
			for c := 0; c < done; c += 16 {
				var rows [3]*int8
				for i := range rows {
					// A row that is cut off counts as the last one once more.
					rows[i] = &src.Data[min(2*y+i, size-1)*src.Row+c]
				}
				maxRow16(&dst.Data[y*dst.Row+c], &rows, src.Pixel, dst.Pixel, whole, width-whole)
			}
		}
	}
	if done < channels {
		maxPoolGeneric(dst.At(0, 0, done), src.At(0, 0, done), channels-done, size, width, from, to)
	}
}
