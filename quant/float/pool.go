package float

import "halfmeg/model"

// MaxPool writes the maximum of each 3x3 window at stride 2. Where a window reaches
// beyond the map (ceil mode), the last row or column stands for what is missing.
func MaxPool(dst, src Map) {
	length := (src.Size-1)*src.Stride + src.Channels
	memory := borrow(length)
	defer spare.Put(memory)
	row := Map{Size: src.Size, Channels: src.Channels, Stride: src.Stride, Data: *memory}
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

// maxPoolGradient writes each window's derivative to its first maximum, and zeros
// elsewhere. Windows overlap: their derivatives are added, row by row. It overwrites d.
func maxPoolGradient(dst, d, in, out Map) {
	line, cleared := in.Size*in.Stride, 0
	for y := range out.Size {
		// The first row is the last one of the windows above. The others are cleared
		// only now, so that they are in the cache.
		rows := clamped(model.PoolStride*y, in.Size, line)
		clear(dst.Data[cleared : rows[2]+line])
		cleared = rows[2] + line
		for x := range out.Size {
			routeGradient(dst.Data, in.Data, d.pixel(y, x), out.pixel(y, x), rows, clamped(model.PoolStride*x, in.Size, in.Stride))
		}
	}
	clear(dst.Data[cleared:])
}

// clamped returns three numbers from first on, at most size-1, times stride.
func clamped(first, size, stride int) [3]int {
	return [3]int{first * stride, min(first+1, size-1) * stride, min(first+2, size-1) * stride}
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
