package testcard

// blocks is the upper half of a crossword's grid with its middle row; # is a black
// square. The lower half is the upper one rotated by 180 degrees, as is customary.
var blocks = [...]string{
	"....#.....#....",
	"....#.....#....",
	"....#..........",
	"......#........",
	"###...#.....###",
	"...#....#......",
	".....#....#....",
	"....#.....#....",
}

// blocked reports whether a square is black or outside the grid.
func blocked(col, row int) bool {
	n := len(blocks[0])
	if col < 0 || row < 0 || col >= n || row >= n {
		return true
	}
	if row >= len(blocks) {
		col, row = n-1-col, n-1-row
	}
	return blocks[row][col] == '#'
}

// drawCrossword shows an empty crossword puzzle. A square in which a word starts,
// across or down, has a number.
func drawCrossword(c *canvas, t float64) {
	const side = 38
	n := len(blocks[0])
	paper, ink := hex(0xfbfaf5), hex(0x1c1c1c)
	c.backdrop(linear(0, 0, hex(0xf4f0e4), Width, Height, hex(0xd8d2c2)))
	c.place(320+10*swing(t, 11), 240+6*swing(t, 8), 0.1+0.04*swing(t, 13))
	left := -float32(n) * side / 2
	c.rect(left-3, left-3, float32(n)*side+6, float32(n)*side+6)
	c.fill(solid(ink))
	number := 0
	for row := range n {
		for col := range n {
			if blocked(col, row) {
				continue
			}
			x, y := left+float32(col)*side, left+float32(row)*side
			c.rect(x+1, y+1, side-2, side-2)
			c.fill(solid(paper))
			if blocked(col-1, row) && !blocked(col+1, row) || blocked(col, row-1) && !blocked(col, row+1) {
				number++
				c.clue(number, x+5, y+5, ink)
			}
		}
	}
}

// clue writes a small number of one or two digits.
func (c *canvas) clue(number int, x, y float32, ink rgb) {
	const height = 10
	if number > 9 {
		c.segments(litSegments[number/10], x, y, height, ink)
		x += 0.9 * height
	}
	c.segments(litSegments[number%10], x, y, height, ink)
}
