// Sheet draws the README's picture: every scene of the test card with the answer
// of the default embedded network.
//
//	go run ./tools/sheet -out camera/testcard/sheet.png
package main

import (
	"errors"
	"flag"
	"fmt"
	"image"
	"image/png"
	"os"
	"time"

	"golang.org/x/image/draw"
	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"

	"halfmeg/camera/pixel"
	"halfmeg/camera/testcard"
	"halfmeg/model/classify"
	"halfmeg/model/pretrained"
	"halfmeg/tools/internal/cli"
)

// Layout in pixels: scenes at half size, with a caption below each.
const (
	columns = 4
	width   = testcard.Width / 2
	height  = testcard.Height / 2
	caption = 30
	gap     = 10
)

func main() {
	out := flag.String("out", "", "PNG `file` to write")
	cli.Flags("sheet", `Sheet draws every scene of the test card as a PNG picture, each with the answer of
the default embedded network and its probability.

  go run ./tools/sheet -out camera/testcard/sheet.png
`)
	if *out == "" || flag.NArg() > 0 {
		cli.Usage("sheet", "-out FILE.png is required, and no other argument (-help lists the flags)")
	}
	if err := run(*out); err != nil {
		cli.Exit("sheet", err, "interrupted")
	}
}

func run(path string) error {
	sheet, err := drawSheet()
	if err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := png.Encode(f, sheet); err != nil {
		return errors.Join(err, f.Close())
	}
	return f.Close()
}

func drawSheet() (image.Image, error) {
	n, err := pretrained.Load(pretrained.Default)
	if err != nil {
		return nil, err
	}
	classifier, err := classify.New(n, 1)
	if err != nil {
		return nil, err
	}
	defer classifier.Close()
	face, err := captionFace()
	if err != nil {
		return nil, err
	}
	scenes := len(testcard.Scenes())
	rows := (scenes + columns - 1) / columns
	sheet := image.NewRGBA(image.Rect(0, 0, gap+columns*(width+gap), gap+rows*(height+caption)))
	draw.Draw(sheet, sheet.Bounds(), image.White, image.Point{}, draw.Src)
	card, pix := &testcard.Card{}, make([]byte, 3*testcard.Width*testcard.Height)
	for i := range scenes {
		middle := time.Duration(i)*testcard.SceneTime + testcard.SceneTime/2
		if err := card.Draw(pix, middle); err != nil {
			return nil, err
		}
		result, err := classifier.Classify(pixel.Format{FourCC: pixel.RGB24, Width: testcard.Width, Height: testcard.Height, Stride: 3 * testcard.Width}.Image(pix))
		if err != nil {
			return nil, err
		}
		best := result.Top(1)[0]
		at := image.Pt(gap+i%columns*(width+gap), gap+i/columns*(height+caption))
		draw.BiLinear.Scale(sheet, image.Rectangle{at, at.Add(image.Pt(width, height))}, picture(pix), image.Rect(0, 0, testcard.Width, testcard.Height), draw.Src, nil)
		text := fmt.Sprintf("%.0f %%  %s", 100*best.Probability, shorten(best.Label))
		pen := font.Drawer{Dst: sheet, Src: image.Black, Face: face, Dot: fixed.P(at.X, at.Y+height+caption-10)}
		pen.DrawString(text)
	}
	return sheet, nil
}

// captionFace returns the font of the captions.
func captionFace() (font.Face, error) {
	f, err := opentype.Parse(goregular.TTF)
	if err != nil {
		return nil, err
	}
	return opentype.NewFace(f, &opentype.FaceOptions{Size: 16, DPI: 72, Hinting: font.HintingFull})
}

// picture converts packed RGB to an image.
func picture(pix []byte) image.Image {
	img := image.NewRGBA(image.Rect(0, 0, testcard.Width, testcard.Height))
	for i := range testcard.Width * testcard.Height {
		copy(img.Pix[4*i:], pix[3*i:3*i+3])
		img.Pix[4*i+3] = 255
	}
	return img
}

// shorten truncates a label to the width of a scene.
func shorten(label string) string {
	const limit = 36
	if len(label) > limit {
		return label[:limit-1] + "…"
	}
	return label
}
