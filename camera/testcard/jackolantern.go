package testcard

// drawJackOLantern shows a carved pumpkin at night, lit by a candle inside.
func drawJackOLantern(c *canvas, t float64) {
	flicker := 0.9 + 0.06*swing(t, 0.7) + 0.04*swing(t, 0.27)
	c.backdrop(linear(0, 0, hex(0x0a0a14), 0, Height, hex(0x1a120a)))
	c.rect(0, 390, Width, 90)
	c.fill(linear(0, 390, hex(0x2a1c10), 0, Height, hex(0x120c06)))
	c.place(320, 250, 0.02*swing(t, 6))
	c.stalk()
	for _, k := range [...]float32{-1, 1, -0.72, 0.72, -0.4, 0.4, 0} {
		c.rib(k)
	}
	c.face(7, solid(hex(0x9a4506)))
	c.face(0, radial(320, 310, 190*flicker, hex(0xfff3a0), hex(0xff9a10)))
	c.resetTransform()
	c.halo(320, 280, 300, 260, hex(0xffa020), 0.28*flicker)
}

func (c *canvas) stalk() {
	c.moveTo(-18, -140)
	c.curveTo(-14, -180, 6, -200, 34, -210)
	c.lineTo(54, -194)
	c.curveTo(30, -180, 24, -160, 26, -138)
	c.fill(linear(300, 0, hex(0x6b7a30), 360, 0, hex(0x2a3212)))
}

// rib draws a rib of the pumpkin, from k = -1 (left) to 1 (right).
func (c *canvas) rib(k float32) {
	outward := max(k, -k)
	rx, ry := 110-35*outward, 165-22*outward
	c.ellipse(150*k, 6*outward, rx, ry)
	c.fill(func(x, y float32) (rgb, float32) {
		u, v := (x-320-150*k)/rx, (y-250)/170
		return hex(0xec700e).times(1 - 0.38*u*u - 0.25*v*v - 0.15*v), 1
	})
}

// face draws eyes, nose and mouth, grown by some pixels for the rim of the cut.
func (c *canvas) face(grow float32, p paint) {
	for _, hole := range [...][3]float32{{-90, -40, 48}, {90, -40, 48}, {0, 20, 24}} {
		x, y, r := hole[0], hole[1], hole[2]
		c.polygon(x-r-grow, y+0.7*(r+grow), x, y-r-1.3*grow, x+r+grow, y+0.7*(r+grow))
	}
	g := grow
	c.polygon(
		-170-g, 50-g, -110, 72-g, -85+g, 78-g, -80+g, 100-g, -45-g, 104-g, -40-g, 82-g,
		20+g, 84-g, 25+g, 106-g, 60-g, 100-g, 65-g, 78-g, 110, 72-g, 170+g, 50-g,
		140+g, 105+g, 90, 140+g, 50, 148+g, 45-g, 124+g, 5+g, 126+g, 0, 152+g, -60, 146+g, -100, 134+g, -145-g, 100+g,
	)
	c.fill(p)
}
