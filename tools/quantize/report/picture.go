package report

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"html/template"
	"image"
	"image/color"
	"image/jpeg"

	"golang.org/x/image/draw"
)

// RGB makes an image of packed red, green and blue bytes, row by row from the
// top left, as camera/picture decodes them; nil if there are not enough.
func RGB(width, height int, pix []byte) image.Image {
	if width < 1 || height < 1 || len(pix)/3/width < height {
		return nil
	}
	return &packed{width: width, height: height, pix: pix}
}

// packed is packed RGB; drawing asks for RGBA64At, which takes no memory.
type packed struct {
	width, height int
	pix           []byte
}

// ColorModel implements image.Image.
func (p *packed) ColorModel() color.Model { return color.RGBA64Model }

// Bounds implements image.Image.
func (p *packed) Bounds() image.Rectangle { return image.Rect(0, 0, p.width, p.height) }

// At implements image.Image.
func (p *packed) At(x, y int) color.Color { return p.RGBA64At(x, y) }

// RGBA64At implements image.RGBA64Image.
func (p *packed) RGBA64At(x, y int) color.RGBA64 {
	i := 3 * (y*p.width + x)
	const widen = 0x101 // 0xab to 0xabab
	return color.RGBA64{R: widen * uint16(p.pix[i]), G: widen * uint16(p.pix[i+1]), B: widen * uint16(p.pix[i+2]), A: 0xffff}
}

// Pictures in the page have at most longestSide pixels a side.
const (
	longestSide = 224
	jpegQuality = 82
)

// dataURL is a picture, made small, as an address that holds all of it.
func dataURL(img image.Image) (template.URL, image.Point, error) {
	size := fitted(img.Bounds().Size())
	small := image.NewRGBA(image.Rectangle{Max: size})
	draw.Draw(small, small.Bounds(), image.White, image.Point{}, draw.Src)
	draw.CatmullRom.Scale(small, small.Bounds(), img, img.Bounds(), draw.Over, nil)
	var file bytes.Buffer
	if err := jpeg.Encode(&file, small, &jpeg.Options{Quality: jpegQuality}); err != nil {
		return "", size, err
	}
	return template.URL("data:image/jpeg;base64," + base64.StdEncoding.EncodeToString(file.Bytes())), size, nil
}

// fitted is the size in which a picture of the given size fits the page.
func fitted(size image.Point) image.Point {
	longer := max(size.X, size.Y)
	if longer <= longestSide {
		return size
	}
	return image.Pt(max(1, size.X*longestSide/longer), max(1, size.Y*longestSide/longer))
}

// card is one picture with what the two networks say of it.
type card struct {
	Image         template.URL // empty where there is no picture
	Width, Height int
	File, Label   string
	Answers       []answer
}

type answer struct {
	Network, Label, Share string
	Width                 percent // of the bar
	Right                 bool
}

func newCards(pictures []Picture) ([]card, error) {
	var cards []card
	for _, p := range pictures {
		c := card{File: clean(p.File), Label: clean(p.Label), Answers: []answer{newAnswer("float", p.Float), newAnswer("int8", p.Int8)}}
		if p.Image != nil && !p.Image.Bounds().Empty() {
			url, size, err := dataURL(p.Image)
			if err != nil {
				return nil, fmt.Errorf("picture %s: %w", p.File, err)
			}
			c.Image, c.Width, c.Height = url, size.X, size.Y
		}
		cards = append(cards, c)
	}
	return cards, nil
}

func newAnswer(network string, a Answer) answer {
	out := answer{Network: network, Label: clean(a.Label), Share: perCent(100*a.Probability, 0), Right: a.Right}
	if finite(a.Probability) {
		out.Width = percent(100 * max(0, min(1, a.Probability)))
	}
	return out
}
