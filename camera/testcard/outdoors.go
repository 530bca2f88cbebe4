package testcard

import "math"

// sky draws a blue sky with white clouds that drift to the left.
func (c *canvas) sky(t float64) {
	drift := float32(0.06 * t)
	c.backdrop(func(x, y float32) (rgb, float32) {
		n := 0.6*noise(x*0.008+drift, y*0.013) + 0.4*noise(x*0.02+drift, y*0.03)
		return hex(0x4a8bd2).mix(hex(0xb6d6f0), y/Height).mix(white, 1.9*n-0.9), 1
	})
}

// drawTrafficLight shows a traffic light that goes through its four phases during the
// scene.
func drawTrafficLight(c *canvas, t float64) {
	c.sky(t)
	x := 320 + 4*swing(t, 8)
	c.rect(x-14, 430, 28, 60)
	c.fill(linear(x-14, 0, hex(0x777777), x+14, 0, hex(0x333333)))
	c.roundRect(x-95, 25, 190, 420, 26)
	c.fill(linear(x-95, 0, hex(0x3a3d3a), x+95, 0, hex(0x161816)))
	on := phases[int(math.Mod(t/SceneTime.Seconds(), 1)*float64(len(phases)))]
	c.lamp(x, 95, hex(0xff2a1c), on.red)
	c.lamp(x, 230, hex(0xffc21c), on.amber)
	c.lamp(x, 365, hex(0x2cff7a), on.green)
}

var phases = [...]struct{ red, amber, green bool }{
	{red: true}, {red: true, amber: true}, {green: true}, {amber: true},
}

// lamp draws one light, lit or not, under its hood.
func (c *canvas) lamp(x, y float32, col rgb, on bool) {
	c.circle(x, y, 58)
	c.fill(solid(hex(0x0c0d0c)))
	c.circle(x, y, 50)
	if on {
		c.fill(radial(x-8, y-8, 60, col.mix(white, 0.55), col))
	} else {
		c.fill(radial(x-14, y-18, 70, col.times(0.36), col.times(0.12)))
	}
	c.moveTo(x-62, y+2)
	c.curveTo(x-62, y-82, x+62, y-82, x+62, y+2)
	c.lineTo(x+54, y+2)
	c.curveTo(x+46, y-56, x-46, y-56, x-54, y+2)
	c.fill(linear(x-62, 0, hex(0x2c2f2c), x+62, 0, hex(0x0a0b0a)))
	if on {
		c.halo(x, y, 140, 140, col, 0.35)
	}
}

// drawBalloon shows a striped hot-air balloon that floats and rotates slowly.
func drawBalloon(c *canvas, t float64) {
	c.sky(t)
	x, y := 320+10*swing(t, 12), 45+7*swing(t, 9)
	c.envelope(x, y, float32(0.1*t))
	for _, k := range [...]float32{-1, -0.4, 0.4, 1} {
		c.polygon(x+28*k-1, y+envelopeHeight, x+28*k+1, y+envelopeHeight, x+22*k+1, y+364, x+22*k-1, y+364)
		c.fill(solid(hex(0x333333)))
	}
	c.roundRect(x-23, y+362, 46, 36, 6)
	c.fill(linear(x-26, 0, hex(0xa8713a), x+26, 0, hex(0x5a3515)))
}

const (
	envelopeHeight = 330
	envelopeRadius = 150
)

// envelope draws the balloon without its basket, rotated around its axis, with its top
// at (x, y).
func (c *canvas) envelope(x, y, rotation float32) {
	const steps = 48
	c.moveTo(x, y)
	for i := 1; i <= steps; i++ {
		v := float32(i) / steps
		c.lineTo(x+radiusAt(v), y+v*envelopeHeight)
	}
	for i := steps; i > 0; i-- {
		v := float32(i) / steps
		c.lineTo(x-radiusAt(v), y+v*envelopeHeight)
	}
	c.fill(func(px, py float32) (rgb, float32) {
		v := clamp((py-y)/envelopeHeight, 0, 1)
		u := clamp((px-x)/max(radiusAt(v), 1), -1, 1)
		shade := 0.95 - 0.28*u*u - 0.25*u
		return cloth(float32(math.Asin(float64(u)))+rotation, v).times(shade), 1
	})
}

// radiusAt returns the balloon's radius at v = 0 (top) … 1 (mouth).
func radiusAt(v float32) float32 {
	const waist = 0.42
	if v < waist {
		k := 1 - v/waist
		return envelopeRadius * sqrt(max(1-k*k, 0))
	}
	k := (v - waist) / (1 - waist)
	return envelopeRadius * (1 - 0.82*k*k*(1.6-0.6*k))
}

// cloth returns the balloon's texture at a longitude (radians) and height v.
func cloth(longitude, v float32) rgb {
	if v > 0.2 && v < 0.26 || v > 0.61 && v < 0.68 {
		return hex(0xf8f4e8)
	}
	gores := [...]rgb{hex(0xd8262c), hex(0xf4b81e), hex(0x2458b8), hex(0xf4b81e)}
	g := longitude * 16 / (2 * math.Pi)
	i := floor(g)
	col := gores[int(i)&3]
	if seam := g - i; seam < 0.04 || seam > 0.96 {
		return col.times(0.8)
	}
	return col
}
