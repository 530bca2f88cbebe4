package testcard

import (
	"image"
	"math"
)

// segment is part of a path. A start closes the preceding outline.
type segment struct {
	kind   kind
	points [3]point // one for a start or a line, three for a curve (cubic Bézier)
}

type kind uint8

const (
	start kind = iota
	line
	curve
)

type point struct{ x, y float32 }

// affine maps (x, y) to (a*x + c*y + e, b*x + d*y + f).
type affine struct{ a, b, c, d, e, f float32 }

func (m affine) apply(x, y float32) point {
	return point{m.a*x + m.c*y + m.e, m.b*x + m.d*y + m.f}
}

// place sets the transform of the following paths: rotate clockwise by an angle in
// radians, then move the origin to pixel (x, y).
func (c *canvas) place(x, y, angle float32) {
	s, o := sincos(angle)
	c.transform = affine{o, s, -s, o, x, y}
}

// resetTransform makes coordinates pixels from the upper left corner.
func (c *canvas) resetTransform() { c.transform = affine{a: 1, d: 1} }

func (c *canvas) moveTo(x, y float32) {
	c.path = append(c.path, segment{start, [3]point{c.transform.apply(x, y)}})
}

func (c *canvas) lineTo(x, y float32) {
	c.path = append(c.path, segment{line, [3]point{c.transform.apply(x, y)}})
}

func (c *canvas) curveTo(x1, y1, x2, y2, x, y float32) {
	p := c.transform
	c.path = append(c.path, segment{curve, [3]point{p.apply(x1, y1), p.apply(x2, y2), p.apply(x, y)}})
}

// bounds returns a bounding box of the path in whole pixels: that of its points, for a
// Bézier curve lies in the convex hull of its control points.
func (c *canvas) bounds() image.Rectangle {
	if len(c.path) == 0 {
		return image.Rectangle{}
	}
	low, high := c.path[0].points[0], c.path[0].points[0]
	for _, s := range c.path {
		n := 1
		if s.kind == curve {
			n = 3
		}
		for _, p := range s.points[:n] {
			low = point{min(low.x, p.x), min(low.y, p.y)}
			high = point{max(high.x, p.x), max(high.y, p.y)}
		}
	}
	return image.Rect(int(floor(low.x)), int(floor(low.y)), int(floor(high.x))+1, int(floor(high.y))+1)
}

// kappa is 4/3*(sqrt(2)-1), the distance of the control points of a Bézier curve that
// approximates a quarter of the unit circle.
const kappa = 0.5522848

func (c *canvas) circle(x, y, r float32) { c.ellipse(x, y, r, r) }

func (c *canvas) ellipse(x, y, rx, ry float32) {
	kx, ky := rx*kappa, ry*kappa
	c.moveTo(x+rx, y)
	c.curveTo(x+rx, y+ky, x+kx, y+ry, x, y+ry)
	c.curveTo(x-kx, y+ry, x-rx, y+ky, x-rx, y)
	c.curveTo(x-rx, y-ky, x-kx, y-ry, x, y-ry)
	c.curveTo(x+kx, y-ry, x+rx, y-ky, x+rx, y)
}

func (c *canvas) rect(x, y, w, h float32) { c.polygon(x, y, x+w, y, x+w, y+h, x, y+h) }

// roundRect adds a rectangle whose corners have radius r.
func (c *canvas) roundRect(x, y, w, h, r float32) {
	k := r * (1 - kappa)
	c.moveTo(x+r, y)
	c.lineTo(x+w-r, y)
	c.curveTo(x+w-k, y, x+w, y+k, x+w, y+r)
	c.lineTo(x+w, y+h-r)
	c.curveTo(x+w, y+h-k, x+w-k, y+h, x+w-r, y+h)
	c.lineTo(x+r, y+h)
	c.curveTo(x+k, y+h, x, y+h-k, x, y+h-r)
	c.lineTo(x, y+r)
	c.curveTo(x, y+k, x+k, y, x+r, y)
}

// polygon adds a polygon with corners x, y, x, y, …
func (c *canvas) polygon(xy ...float32) {
	c.moveTo(xy[0], xy[1])
	for i := 2; i+1 < len(xy); i += 2 {
		c.lineTo(xy[i], xy[i+1])
	}
}

func floor(v float32) float32 { return float32(math.Floor(float64(v))) }

func sqrt(v float32) float32 { return float32(math.Sqrt(float64(v))) }

func hypot(x, y float32) float32 { return sqrt(x*x + y*y) }

func sincos(angle float32) (sin, cos float32) {
	s, c := math.Sincos(float64(angle))
	return float32(s), float32(c)
}
