package chart

import (
	"bytes"
	"encoding/base64"
	"html/template"
	"image"
	"image/color"
	"image/jpeg"

	"golang.org/x/image/draw"
)

// RGB returns an image of packed red, green and blue bytes in row-major order, as
// decoded by camera/picture, or nil if there are too few bytes.
func RGB(width, height int, pix []byte) image.Image {
	if width < 1 || height < 1 || len(pix)/3/width < height {
		return nil
	}
	return &packed{width: width, height: height, pix: pix}
}

// packed is an image of packed RGB. Package draw calls RGBA64At, which does not
// allocate.
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

// Pictures in the page are at most longestSide pixels wide and high.
const (
	longestSide = 224
	jpegQuality = 82
)

// DataURL returns a downscaled picture as a data URL.
func DataURL(img image.Image) (template.URL, image.Point, error) {
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

// fitted returns the size of a picture in the page.
func fitted(size image.Point) image.Point {
	longer := max(size.X, size.Y)
	if longer <= longestSide {
		return size
	}
	return image.Pt(max(1, size.X*longestSide/longer), max(1, size.Y*longestSide/longer))
}
