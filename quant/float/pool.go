package float

import "halfmeg/model"

// MaxPool writes the maximum of each 3x3 window at stride 2. Where a window reaches
// beyond the map (ceil mode), the last row or column stands for what is missing.
func MaxPool(dst, src Map) {
	length := (src.Size-1)*src.Stride + src.Channels
	row := Map{Size: src.Size, Channels: src.Channels, Stride: src.Stride, Data: make([]float32, length)}
	line := func(y int) []float32 { return src.Data[min(y, src.Size-1)*src.Size*src.Stride:][:length] }
	column := func(x int) []float32 { return row.pixel(0, min(x, src.Size-1)) }
	for y := range dst.Size {
		top := model.PoolStride * y
		maxOf(row.Data, line(top), line(top+1), line(top+2))
		for x := range dst.Size {
			left := model.PoolStride * x
			maxOf(dst.pixel(y, x), column(left), column(left+1), column(left+2))
		}
	}
}

// maxPoolGradient moves each window's derivative to its first maximum.
func maxPoolGradient(dst, d, in, out Map) {
	for y := range out.Size {
		for x := range out.Size {
			addToFirstMaximum(dst, d.pixel(y, x), in, out.pixel(y, x), model.PoolStride*y, model.PoolStride*x)
		}
	}
}

// addToFirstMaximum adds d to dst at the first pixel of a window that has the
// maximum, by channel. It sets d to zero where it has done so.
func addToFirstMaximum(dst Map, d []float32, in Map, maximum []float32, top, left int) {
	width := min(model.PoolKernel, in.Size-left)
	for y := top; y < min(top+model.PoolKernel, in.Size); y++ {
		to, from := dst.Data[(y*dst.Size+left)*dst.Stride:], in.Data[(y*in.Size+left)*in.Stride:]
		for x := range width {
			routeGradient(to[x*dst.Stride:][:len(d)], d, from[x*in.Stride:], maximum)
		}
	}
}

// average writes the mean of each channel over the map.
func average(dst []float32, src Map) {
	var sums [64]float64 // of a block of channels, so that memory is read sequentially
	pixels := src.Size * src.Size
	for from := 0; from < len(dst); from += len(sums) {
		part := dst[from:min(from+len(sums), len(dst))]
		clear(sums[:])
		for i := range pixels {
			for c, v := range src.Data[i*src.Stride+from:][:len(part)] {
				sums[c] += float64(v)
			}
		}
		for c := range part {
			part[c] = float32(sums[c] / float64(pixels))
		}
	}
}
