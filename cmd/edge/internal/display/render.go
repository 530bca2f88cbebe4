package display

import (
	"image"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/math/fixed"
	"periph.io/x/devices/v3/ssd1306/image1bit"
)

// The font, and the rows of its glyphs that letters and digits use: rows 2 to 12 of 13,
// digits to row 10.
var (
	face   = basicfont.Face7x13
	glyphs = face.Mask.(*image.Alpha)
)

const (
	advance   = 7 // columns from one letter to the next; the last one is empty
	firstRow  = 2
	letterRow = 11 // rows of a line
	digitRow  = 9  // rows of a line of capitals and digits
)

// The label is drawn in the largest letters in which it fits, from maxScale down to
// minScale pixels for a pixel of the font. On a panel of 0.96 inches a capital of
// minScale is 3 mm high, which is 5 minutes of arc at two metres: just readable with
// normal eyesight. A label that does not fit is shown in pages, each for pageTime. It
// does not scroll: five pictures a second are too few for a steady movement, and each
// would send the whole label.
const (
	minScale = 2
	maxScale = 4
	lineGap  = 2 // rows between two lines
)

// margin is how far the picture moves, to the right and down, against burn-in.
const margin = 2

// area is the size of the picture on a panel: without the margin.
func area(size image.Point) image.Point { return size.Sub(image.Pt(margin, margin)) }

// Rows below the label.
const (
	barRows  = 4 // of the bar on a low panel
	infoRows = 12
)

// labelRows returns the rows for the label.
func labelRows(size image.Point) int {
	if size.Y < 64 {
		return area(size).Y - barRows - 2
	}
	return area(size).Y - infoRows
}

// block is a page of a title.
type block struct {
	scale int
	lines []string
}

// layout divides a title into pages, at least one.
func layout(title string, size image.Point) []block {
	for scale := maxScale; scale > minScale; scale-- {
		width, rows := capacity(size, scale)
		if lines, ok := wrap(title, width, false); ok && len(lines) <= rows {
			return []block{{scale, lines}}
		}
	}
	width, rows := capacity(size, minScale)
	lines, _ := wrap(title, width, true)
	var pages []block
	for len(lines) > rows {
		pages = append(pages, block{minScale, lines[:rows]})
		lines = lines[rows:]
	}
	return append(pages, block{minScale, lines})
}

// capacity returns the letters in a line and the lines in a page.
func capacity(size image.Point, scale int) (letters, lines int) {
	letters = (area(size).X + scale) / (advance * scale) // the column after the last letter is empty
	lines = (labelRows(size) + lineGap) / (letterRow*scale + lineGap)
	return letters, lines
}

// wrap breaks a text into lines of at most width letters, between words and after
// hyphens. Words that are too long are divided into equal parts if split is set;
// otherwise wrap returns false.
func wrap(text string, width int, split bool) (lines []string, ok bool) {
	line := ""
	for _, word := range strings.Fields(strings.ToValidUTF8(text, "\ufffd")) {
		space := " "
		for part := range strings.SplitAfterSeq(word, "-") {
			if length(part) > width && !split {
				return nil, false
			}
			for _, piece := range divide(part, width) {
				switch {
				case line == "":
					line = piece
				case length(line+space+piece) <= width:
					line += space + piece
				default:
					lines, line = append(lines, line), piece
				}
				space = ""
			}
		}
	}
	return append(lines, line), true
}

// divide divides a word into the fewest pieces of at most width letters, with hyphens.
func divide(word string, width int) []string {
	letters := []rune(word)
	if len(letters) <= width {
		return []string{word}
	}
	n := (len(letters) + width - 2) / (width - 1)
	var pieces []string
	for i := range n {
		piece := string(letters[i*len(letters)/n : (i+1)*len(letters)/n])
		if i < n-1 {
			piece += "-"
		}
		pieces = append(pieces, piece)
	}
	return pieces
}

// length returns the number of letters.
func length(text string) int { return utf8.RuneCountInString(text) }

// pages returns a function for the number of pages of a title on a panel.
func pages(size image.Point) func(title string) int {
	return func(title string) int { return len(layout(title, size)) }
}

// render draws a view for a panel, moved by shift.
func render(v view, size, shift image.Point) *image1bit.VerticalLSB {
	c := canvas{image1bit.NewVerticalLSB(image.Rectangle{Max: size}), shift}
	blocks := layout(v.title, size)
	if v.hot {
		blocks = append(blocks, layout(tooHot, size)...)
	}
	c.label(blocks[v.page%len(blocks)], image.Pt(area(size).X, labelRows(size)))
	if size.Y < 64 {
		c.bar(image.Rect(0, area(size).Y-barRows, area(size).X, area(size).Y), v.percent)
		return c.VerticalLSB
	}
	c.footer(v, image.Rect(0, area(size).Y-digitRow, area(size).X, area(size).Y))
	return c.VerticalLSB
}

// canvas draws on a picture whose origin is moved.
type canvas struct {
	*image1bit.VerticalLSB
	shift image.Point
}

// label centres a page of the title.
func (c canvas) label(b block, size image.Point) {
	step := letterRow*b.scale + lineGap
	y := (size.Y - len(b.lines)*step + lineGap) / 2
	for _, line := range b.lines {
		width := (length(line)*advance - 1) * b.scale
		c.text(line, image.Pt((size.X-width)/2, y), b.scale)
		y += step
	}
}

// footer draws the small text, the bar and the percentage in a row.
func (c canvas) footer(v view, r image.Rectangle) {
	const gap = 4
	c.text(v.info, r.Min, 1)
	if v.percent < 0 {
		return
	}
	if v.info != "" {
		r.Min.X += 5*advance + gap // always the same, so that the bar does not move
	}
	percent := strconv.Itoa(v.percent) + "%"
	c.text(percent, image.Pt(r.Max.X-length(percent)*advance+1, r.Min.Y), 1)
	r.Max.X -= 4*advance + gap
	c.bar(r.Inset(1), v.percent)
}

// bar draws a bar in a frame. Without a percentage it draws nothing.
func (c canvas) bar(r image.Rectangle, percent int) {
	if percent < 0 {
		return
	}
	for x := r.Min.X; x < r.Max.X; x++ {
		edge := x == r.Min.X || x == r.Max.X-1
		if filled := (x-r.Min.X)*100 < percent*r.Dx(); edge || filled {
			c.column(x, r.Min.Y, r.Max.Y)
			continue
		}
		c.column(x, r.Min.Y, r.Min.Y+1)
		c.column(x, r.Max.Y-1, r.Max.Y)
	}
}

// text draws a line of text with its upper left corner at a point. Letters that the
// font lacks are drawn as its replacement character.
func (c canvas) text(line string, at image.Point, scale int) {
	for _, letter := range line {
		// The rectangle begins at the ascent above the dot and has the glyph's size.
		rect, _, from, _, _ := face.Glyph(fixed.Point26_6{}, letter)
		for y := firstRow; y < rect.Dy(); y++ {
			for x, alpha := range glyphs.Pix[glyphs.PixOffset(from.X, from.Y+y):][:rect.Dx()] {
				if alpha != 0 {
					c.square(at.X+x*scale, at.Y+(y-firstRow)*scale, scale)
				}
			}
		}
		at.X += advance * scale
	}
}

func (c canvas) square(x, y, side int) {
	for i := range side {
		c.column(x+i, y, y+side)
	}
}

// column draws the pixels of a column from y to end, exclusive, page by page. They must
// be on the panel.
func (c canvas) column(x, y, end int) {
	x, y, end = x+c.shift.X, y+c.shift.Y, end+c.shift.Y
	for y < end {
		next := min(y&^(pageRows-1)+pageRows, end)
		c.Pix[y/pageRows*c.Stride+x] |= byte(1<<(next-y)-1) << (y % pageRows)
		y = next
	}
}
