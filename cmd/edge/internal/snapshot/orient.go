package snapshot

import "image"

// orient copies a plane of width*height samples of size bytes each, turned clockwise
// by rotate (0, 90, 180 or 270 degrees) and then mirrored left to right. It returns
// the new width and height.
func orient(src []byte, width, height, size, rotate int, mirror bool) (dst []byte, w, h int) {
	w, h = width, height
	if rotate%180 != 0 {
		w, h = height, width
	}
	dst = make([]byte, w*h*size)
	for y := range height {
		for x := range width {
			tx, ty := x, y
			switch rotate {
			case 90:
				tx, ty = height-1-y, x
			case 180:
				tx, ty = width-1-x, height-1-y
			case 270:
				tx, ty = y, width-1-x
			}
			if mirror {
				tx = w - 1 - tx
			}
			copy(dst[(ty*w+tx)*size:][:size], src[(y*width+x)*size:])
		}
	}
	return dst, w, h
}

func upright(rotate int, mirror bool) bool { return rotate == 0 && !mirror }

func orientGrey(img *image.Gray, rotate int, mirror bool) image.Image {
	if upright(rotate, mirror) {
		return img
	}
	pix, w, h := orient(img.Pix, img.Rect.Dx(), img.Rect.Dy(), 1, rotate, mirror)
	return &image.Gray{Pix: pix, Stride: w, Rect: image.Rect(0, 0, w, h)}
}

func orientRGBA(img *image.RGBA, rotate int, mirror bool) image.Image {
	if upright(rotate, mirror) {
		return img
	}
	pix, w, h := orient(img.Pix, img.Rect.Dx(), img.Rect.Dy(), 4, rotate, mirror)
	return &image.RGBA{Pix: pix, Stride: 4 * w, Rect: image.Rect(0, 0, w, h)}
}

// orientYCbCr orients a 4:2:0 picture. If the last column or row of an odd side becomes
// the first one, chroma moves by half a pixel, which is not visible.
func orientYCbCr(img *image.YCbCr, rotate int, mirror bool) image.Image {
	if upright(rotate, mirror) {
		return img
	}
	width, height := img.Rect.Dx(), img.Rect.Dy()
	luma, w, h := orient(img.Y, width, height, 1, rotate, mirror)
	cb, cw, _ := orient(img.Cb, (width+1)/2, (height+1)/2, 1, rotate, mirror)
	cr, _, _ := orient(img.Cr, (width+1)/2, (height+1)/2, 1, rotate, mirror)
	return &image.YCbCr{
		Y: luma, Cb: cb, Cr: cr, YStride: w, CStride: cw,
		SubsampleRatio: image.YCbCrSubsampleRatio420, Rect: image.Rect(0, 0, w, h),
	}
}
