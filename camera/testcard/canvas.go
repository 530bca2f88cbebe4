package testcard

import (
	"image"
	"image/draw"

	"golang.org/x/image/vector"
)

// canvas draws anti-aliased shapes on packed RGB pixels. A shape is a path (path.go)
// filled with a paint (paint.go).
type canvas struct {
	pix        []byte
	transform  affine
	path       []segment
	rasterizer vector.Rasterizer
	mask       image.Alpha // coverage of each pixel by the path
}

// begin starts a picture on pix, Width x Height pixels.
func (c *canvas) begin(pix []byte) {
	c.pix = pix
	c.path = c.path[:0]
	c.resetTransform()
}

// fill fills the path and starts a new one. The paint's coordinates are pixels,
// whatever the transform.
func (c *canvas) fill(p paint) {
	r := c.bounds().Intersect(image.Rect(0, 0, Width, Height))
	if !r.Empty() {
		c.rasterize(r)
		for y := r.Min.Y; y < r.Max.Y; y++ {
			c.fillRow(r.Min.X, y, c.mask.Pix[(y-r.Min.Y)*c.mask.Stride:][:r.Dx()], p)
		}
	}
	c.path = c.path[:0]
}

func (c *canvas) fillRow(x0, y int, coverage []byte, p paint) {
	row := c.pix[3*(y*Width+x0):][:3*len(coverage)]
	for i, a := range coverage {
		if a != 0 {
			col, opacity := p(float32(x0+i)+0.5, float32(y)+0.5)
			blend(row[3*i:3*i+3], col, opacity*float32(a)/255)
		}
	}
}

// rasterize writes the path's coverage of the pixels of r to the mask.
func (c *canvas) rasterize(r image.Rectangle) {
	if c.mask.Pix == nil {
		c.mask.Pix = make([]byte, Width*Height)
	}
	c.mask.Stride, c.mask.Rect = r.Dx(), image.Rect(0, 0, r.Dx(), r.Dy())
	c.rasterizer.Reset(r.Dx(), r.Dy())
	c.rasterizer.DrawOp = draw.Src
	x, y := float32(r.Min.X), float32(r.Min.Y)
	for _, s := range c.path {
		switch p := s.points; s.kind {
		case start:
			c.rasterizer.ClosePath()
			c.rasterizer.MoveTo(p[0].x-x, p[0].y-y)
		case line:
			c.rasterizer.LineTo(p[0].x-x, p[0].y-y)
		case curve:
			c.rasterizer.CubeTo(p[0].x-x, p[0].y-y, p[1].x-x, p[1].y-y, p[2].x-x, p[2].y-y)
		}
	}
	c.rasterizer.ClosePath()
	c.rasterizer.Draw(&c.mask, c.mask.Rect, image.Opaque, image.Point{})
}

// backdrop fills the whole picture in blocks of 2x2 pixels: backdrops are smooth, and
// it takes a quarter of the time.
func (c *canvas) backdrop(p paint) {
	const stride = 3 * Width
	for y := 0; y < Height; y += 2 {
		row := c.pix[y*stride:][:2*stride]
		for i := 0; i < stride; i += 6 {
			col, _ := p(float32(i/3+1), float32(y+1))
			blend(row[i:i+3], col, 1)
			copy(row[i+3:i+6], row[i:i+3])
		}
		copy(row[stride:], row[:stride])
	}
}

func blend(pixel []byte, col rgb, opacity float32) {
	_ = pixel[2]
	pixel[0] = blend8(pixel[0], col.r, opacity)
	pixel[1] = blend8(pixel[1], col.g, opacity)
	pixel[2] = blend8(pixel[2], col.b, opacity)
}

func blend8(old byte, v, opacity float32) byte {
	return byte(min(max(int32(float32(old)*(1-opacity)+255*v*opacity+0.5), 0), 255))
}
