package testcard

import "math"

// movieStart is the time of day in seconds at which the movie starts: 10:08:30, when
// the hands of a clock are far apart.
const movieStart = (10*60+8)*60 + 30

// drawAnalogClock shows the time on a round clock on a wall.
func drawAnalogClock(c *canvas, t float64) {
	c.backdrop(linear(0, 0, hex(0xd9cdb8), Width, Height, hex(0xb5a68e)))
	x, y := 320+6*swing(t, 9), 240+4*swing(t, 7)
	c.halo(x+14, y+18, 235, 235, black, 0.9)
	c.circle(x, y, 210)
	c.fill(linear(x-150, y-150, hex(0x4a4a4e), x+150, y+150, hex(0x111114)))
	c.circle(x, y, 188)
	c.fill(radial(x-40, y-60, 260, white, hex(0xe4e2da)))
	for i := range 60 {
		c.place(x, y, angle(i, 60))
		if i%5 == 0 {
			c.rect(-4.5, -178, 9, 30)
		} else {
			c.rect(-1.25, -178, 2.5, 10)
		}
		c.fill(solid(hex(0x111111)))
	}
	now := movieStart + t
	c.hand(x, y, now/(12*3600), 95, 25, 14, hex(0x0a0a0a))
	c.hand(x, y, now/3600, 150, 30, 10, hex(0x0a0a0a))
	c.hand(x, y, math.Floor(now)/60, 165, 40, 4, hex(0xc01818))
	c.resetTransform()
	c.circle(x, y, 9)
	c.fill(solid(hex(0xc01818)))
}

// hand draws a clock's hand with its axis at (x, y), clockwise from the top by a
// number of turns. It extends by tip on one side of the axis and by tail on the
// other.
func (c *canvas) hand(x, y float32, turns float64, tip, tail, width float32, col rgb) {
	c.place(x, y, float32(2*math.Pi*(turns-math.Floor(turns))))
	c.polygon(-width/2, tail, -width/3, -tip, width/3, -tip, width/2, tail)
	c.fill(solid(col))
}

// angle returns i/n of a full circle in radians.
func angle(i, n int) float32 { return float32(2 * math.Pi * float64(i) / float64(n)) }

// drawDigitalClock shows the time in red digits on a bedside clock with a blinking
// colon.
func drawDigitalClock(c *canvas, t float64) {
	c.backdrop(linear(0, 0, hex(0x3a3026), 0, Height, hex(0x6b5640)))
	c.rect(0, 370, Width, 110)
	c.fill(linear(0, 370, hex(0x7a5a38), 0, Height, hex(0x4a3520)))
	x := 4 * swing(t, 10)
	c.halo(320, 385, 300, 30, black, 0.9)
	c.roundRect(40+x, 95, 560, 290, 30)
	c.fill(linear(0, 95, hex(0x3c3c40), 0, 385, hex(0x0e0e10)))
	c.roundRect(65+x, 125, 510, 225, 12)
	c.fill(solid(hex(0x120304)))

	on, off := hex(0xff2a1a), hex(0x2a0706)
	seconds := movieStart + int(t)
	hour, minute := (seconds/3600+11)%12+1, seconds/60%60
	digits := [4]int{hour / 10, hour % 10, minute / 10, minute % 10}
	if digits[0] == 0 {
		digits[0] = blank
	}
	for i, left := range [4]float32{100, 208, 356, 464} {
		c.digit(digits[i], left+x, 160, 155, off, on)
	}
	c.circle(322+x, 205, 10)
	c.circle(322+x, 270, 10)
	if seconds%2 == 0 {
		c.fill(solid(on))
	} else {
		c.fill(solid(off))
	}
}

// blank is a digit without lit segments.
const blank = 10

// litSegments has a bit per segment for each digit: from bit 0 top, upper right,
// lower right, bottom, lower left, upper left, middle.
var litSegments = [...]uint8{0x3f, 0x06, 0x5b, 0x4f, 0x66, 0x6d, 0x7d, 0x07, 0x7f, 0x6f, blank: 0}

// segmentEnds has x and y of both ends of each segment: x in widths, y in half heights
// of the digit.
var segmentEnds = [7][4]float32{
	{0, 0, 1, 0}, {1, 0, 1, 1}, {1, 1, 1, 2}, {0, 2, 1, 2}, {0, 1, 0, 2}, {0, 0, 0, 1}, {0, 1, 1, 1},
}

// digit draws a seven-segment digit of height h with its upper left at (x, y).
func (c *canvas) digit(d int, x, y, h float32, off, on rgb) {
	c.segments(^litSegments[d], x, y, h, off)
	c.segments(litSegments[d], x, y, h, on)
}

// segments draws the segments whose bits are set.
func (c *canvas) segments(set uint8, x, y, h float32, col rgb) {
	w, gap, thick := h*0.55, h*0.02, h*0.065
	for i, e := range segmentEnds {
		if set>>i&1 == 0 {
			continue
		}
		x0, y0, x1, y1 := x+e[0]*w, y+e[1]*h/2, x+e[2]*w, y+e[3]*h/2
		if e[1] == e[3] {
			x0, x1 = x0+gap, x1-gap
			c.polygon(x0, y0, x0+thick, y0-thick, x1-thick, y1-thick, x1, y1, x1-thick, y1+thick, x0+thick, y0+thick)
		} else {
			y0, y1 = y0+gap, y1-gap
			c.polygon(x0, y0, x0+thick, y0+thick, x1+thick, y1-thick, x1, y1, x1-thick, y1-thick, x0-thick, y0+thick)
		}
	}
	c.fill(solid(col))
}
