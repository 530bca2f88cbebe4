package testcard

// rgb is a colour in sRGB, 0…1 per channel.
type rgb struct{ r, g, b float32 }

var (
	black = rgb{}
	white = rgb{1, 1, 1}
)

// hex returns the colour 0xRRGGBB.
func hex(v uint32) rgb {
	return rgb{float32(v>>16&255) / 255, float32(v>>8&255) / 255, float32(v&255) / 255}
}

// mix interpolates between a (t = 0) and b (t = 1).
func (a rgb) mix(b rgb, t float32) rgb {
	t = clamp(t, 0, 1)
	return rgb{lerp(a.r, b.r, t), lerp(a.g, b.g, t), lerp(a.b, b.b, t)}
}

// times scales the brightness.
func (a rgb) times(k float32) rgb { return rgb{a.r * k, a.g * k, a.b * k} }

// paint returns the colour and opacity (0…1) at pixel (x, y).
type paint func(x, y float32) (rgb, float32)

func solid(col rgb) paint { return func(_, _ float32) (rgb, float32) { return col, 1 } }

// linear returns a gradient from one colour at (x0, y0) to another at (x1, y1).
func linear(x0, y0 float32, from rgb, x1, y1 float32, to rgb) paint {
	dx, dy := x1-x0, y1-y0
	k := 1 / (dx*dx + dy*dy)
	return func(x, y float32) (rgb, float32) { return from.mix(to, ((x-x0)*dx+(y-y0)*dy)*k), 1 }
}

// radial returns a gradient from one colour at (cx, cy) to another at distance r.
func radial(cx, cy, r float32, from, to rgb) paint {
	return func(x, y float32) (rgb, float32) { return from.mix(to, hypot(x-cx, y-cy)/r), 1 }
}

// halo draws a glow, or with black a shadow: an ellipse around (cx, cy) that fades
// from the given opacity to 0 at its edge.
func (c *canvas) halo(cx, cy, rx, ry float32, col rgb, opacity float32) {
	c.ellipse(cx, cy, rx, ry)
	c.fill(func(x, y float32) (rgb, float32) {
		return col, opacity * ease(max(1-hypot((x-cx)/rx, (y-cy)/ry), 0))
	})
}

// noise is value noise in 0…1 with features about one unit wide: random values at
// integer points, interpolated smoothly.
func noise(x, y float32) float32 {
	fx, fy := floor(x), floor(y)
	ix, iy := int32(fx), int32(fy)
	u, v := ease(x-fx), ease(y-fy)
	return lerp(lerp(random(ix, iy), random(ix+1, iy), u), lerp(random(ix, iy+1), random(ix+1, iy+1), u), v)
}

// random hashes an integer point to 0…1.
func random(x, y int32) float32 {
	h := uint32(x)*0x9e3779b1 ^ uint32(y)*0x85ebca77
	h ^= h >> 15
	h *= 0x2c1b3c6d
	h ^= h >> 12
	h *= 0x297a2d39
	h ^= h >> 15
	return float32(h>>8) / (1 << 24)
}

func lerp(a, b, t float32) float32 { return a + (b-a)*t }

// ease maps 0…1 to 0…1 with zero slope at both ends (smoothstep).
func ease(t float32) float32 { return t * t * (3 - 2*t) }

func clamp(v, low, high float32) float32 { return min(max(v, low), high) }
