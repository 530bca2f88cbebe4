package testcard

import "math"

// vec is a vector: x to the right, y down, z towards the viewer.
type vec struct{ x, y, z float32 }

func (a vec) dot(b vec) float32 { return a.x*b.x + a.y*b.y + a.z*b.z }

// rotate rotates a around the x axis, then the y axis, then the z axis.
func (a vec) rotate(x, y, z float32) vec {
	s, c := sincos(x)
	a.y, a.z = a.y*c-a.z*s, a.y*s+a.z*c
	s, c = sincos(y)
	a.x, a.z = a.x*c+a.z*s, a.z*c-a.x*s
	s, c = sincos(z)
	a.x, a.y = a.x*c-a.y*s, a.x*s+a.y*c
	return a
}

// light is the direction of the light source.
var light = vec{-0.42, -0.72, 0.55}

// rollingBall draws a ball that rolls from side to side. Function texture returns its
// colour in a direction from its centre, which is in the ball's own coordinates.
func (c *canvas) rollingBall(t float64, gloss float32, texture func(n vec) rgb) {
	const radius, amplitude = 165, 45
	distance := amplitude * swing(t, 7.5)
	cx, cy := 320+distance, float32(245)
	c.halo(cx+30, 400, 230, 70, black, 0.75)
	const tiltX, tiltY = 0.35, 0.4
	roll := distance / radius
	ax, ay, az := vec{x: 1}.rotate(tiltX, tiltY, roll), vec{y: 1}.rotate(tiltX, tiltY, roll), vec{z: 1}.rotate(tiltX, tiltY, roll)
	c.circle(cx, cy, radius)
	c.fill(func(x, y float32) (rgb, float32) {
		n := vec{x: (x - cx) / radius, y: (y - cy) / radius}
		n.z = sqrt(max(1-n.x*n.x-n.y*n.y, 0))
		cosine := n.dot(light)
		col := texture(vec{n.dot(ax), n.dot(ay), n.dot(az)}).times(0.42 + 0.62*max(cosine, 0) + 0.1*n.z)
		return col.mix(white, gloss*highlight(2*cosine*n.z-light.z)), 1
	})
}

// highlight returns the specular term of Phong's model, with exponent 8: a power of the
// cosine of the angle between the reflected light and the viewer.
func highlight(cosine float32) float32 {
	k := max(cosine, 0)
	k *= k
	k *= k
	return k * k
}

// drawSoccerBall shows a black and white ball on grass.
func drawSoccerBall(c *canvas, t float64) {
	c.backdrop(func(x, y float32) (rgb, float32) {
		n := 0.5*noise(x*0.35, y*0.09) + 0.3*noise(x*0.12, y*0.05) + 0.2*noise(x*0.02, y*0.02)
		return hex(0x2c5a17).mix(hex(0x8cc04a), 1.1*n), 1
	})
	c.rollingBall(t, 0.2, soccerBall)
}

// A soccer ball is a truncated icosahedron: 12 pentagons at the vertices of an
// icosahedron, 20 hexagons at the centres of its faces. These are the centres of the
// panels; the opposite of each is one too.
var (
	pentagons = [...]vec{
		{0, 0.5257311, 0.8506508}, {0, 0.5257311, -0.8506508},
		{0.5257311, 0.8506508, 0}, {0.5257311, -0.8506508, 0},
		{0.8506508, 0, 0.5257311}, {0.8506508, 0, -0.5257311},
	}
	hexagons = [...]vec{
		{0.5773503, 0.5773503, 0.5773503}, {0.5773503, 0.5773503, -0.5773503},
		{0.5773503, -0.5773503, 0.5773503}, {0.5773503, -0.5773503, -0.5773503},
		{0, 0.9341724, 0.3568221}, {0, 0.9341724, -0.3568221},
		{0.9341724, 0.3568221, 0}, {0.9341724, -0.3568221, 0},
		{0.3568221, 0, 0.9341724}, {0.3568221, 0, -0.9341724},
	}
)

// soccerBall returns the texture of a soccer ball: black pentagons, white hexagons, and
// grey seams where the two nearest hexagons are equally near.
func soccerBall(n vec) rgb {
	var pentagon, hexagon, second float32
	for _, v := range pentagons {
		pentagon = max(pentagon, abs(n.dot(v)))
	}
	for _, v := range hexagons {
		d := abs(n.dot(v))
		second = max(second, min(d, hexagon))
		hexagon = max(hexagon, d)
	}
	const offset = 0.0135 // moves the edges of the pentagons to where the hexagons are regular
	seam := rgb{0.33, 0.33, 0.33}
	col := seam.mix(hex(0xf4f4f0), (hexagon-second-0.010)/0.008)
	return col.mix(hex(0x181818), (pentagon-hexagon+offset)/0.008+0.5)
}

// drawBasketball shows an orange basketball on a wooden floor.
func drawBasketball(c *canvas, t float64) {
	const wall, vanishing = 260, 200 // y of the floor's edge and of the vanishing point
	c.backdrop(func(x, y float32) (rgb, float32) {
		if y < wall {
			return hex(0x6b7480).mix(hex(0x98a0a8), noise(x*0.01, y*0.01)), 1
		}
		board := noise((x-320)/(y-vanishing)*30, 3)
		return hex(0xb9803f).mix(hex(0xd9a868), 0.5*board+0.4*noise(x*0.2, y*0.01)), 1
	})
	c.rollingBall(t, 0.15, basketball)
}

// basketball returns the texture of a basketball: two great circles and two curved loops
// in black on grained orange.
func basketball(n vec) rgb {
	loop := n.x*n.x - 0.55*n.y*n.y - 0.2
	dx, dy := 2*n.x, -1.1*n.y // gradient of loop, of which the radial part is removed below
	radial := dx*n.x + dy*n.y
	distance := abs(loop) / sqrt(max(dx*dx+dy*dy-radial*radial, 0.01))
	distance = min(distance, abs(n.x), abs(n.y))
	grain := 0.88 + 0.2*noise(60*n.x+7, 60*(n.y+n.z))
	return hex(0x1c120c).mix(hex(0xd0691e).times(grain), (distance-0.015)/0.01)
}

func abs(v float32) float32 { return float32(math.Abs(float64(v))) }
