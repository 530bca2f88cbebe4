package report

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"strings"
	"testing"

	"halfmeg/tools/internal/chart"

	"github.com/stretchr/testify/require"
)

// renderPicture returns the decoded picture of a page with one card.
func renderPicture(t testing.TB, p Picture) image.Image {
	t.Helper()
	img := write(t, Report{Worst: []Picture{p}}).all("img", "")[0]
	data, found := strings.CutPrefix(img.attrs["src"], "data:image/jpeg;base64,")
	require.True(t, found)
	file, err := base64.StdEncoding.DecodeString(data)
	require.NoError(t, err)
	decoded, err := jpeg.Decode(bytes.NewReader(file))
	require.NoError(t, err)
	require.Equal(t, decoded.Bounds().Dx(), int(img.number(t, "width")))
	require.Equal(t, decoded.Bounds().Dy(), int(img.number(t, "height")))
	return decoded
}

// TestPictureSize: large pictures are downscaled, small ones are not, and a very
// thin one keeps a pixel.
func TestPictureSize(t *testing.T) {
	for _, c := range []struct{ in, out image.Point }{
		{image.Pt(640, 480), image.Pt(224, 168)},
		{image.Pt(300, 900), image.Pt(74, 224)},
		{image.Pt(100, 224), image.Pt(100, 224)},
		{image.Pt(5000, 2), image.Pt(224, 1)},
		{image.Pt(1, 1), image.Pt(1, 1)},
	} {
		img := renderPicture(t, Picture{Image: chart.RGB(c.in.X, c.in.Y, make([]byte, 3*c.in.X*c.in.Y))})
		require.Equal(t, c.out, img.Bounds().Size(), "%v", c.in)
	}
}

// TestPictureColours: a red left and a blue right half are preserved, transparent
// pixels are white, and the bounds of an image need not start at 0.
func TestPictureColours(t *testing.T) {
	const width, height = 500, 300
	pix := make([]byte, 0, 3*width*height)
	for range height {
		for x := range width {
			if x < width/2 {
				pix = append(pix, 250, 10, 10)
			} else {
				pix = append(pix, 10, 10, 250)
			}
		}
	}
	img := renderPicture(t, Picture{Image: chart.RGB(width, height, pix)})
	near(t, color.RGBA{R: 250, G: 10, B: 10, A: 255}, img.At(20, 60))
	near(t, color.RGBA{R: 10, G: 10, B: 250, A: 255}, img.At(200, 60))
	glass := image.NewNRGBA(image.Rect(-10, 50, 30, 90))
	glass.Set(10, 70, color.Black)
	near(t, color.RGBA{R: 255, G: 255, B: 255, A: 255}, renderPicture(t, Picture{Image: glass}).At(2, 2))
}

func near(t testing.TB, want color.RGBA, got color.Color) {
	t.Helper()
	r, g, b, _ := got.RGBA()
	require.InDelta(t, want.R, r>>8, 12)
	require.InDelta(t, want.G, g>>8, 12)
	require.InDelta(t, want.B, b>>8, 12)
}

// TestNoPicture: a missing picture is stated, and the answers are shown.
func TestNoPicture(t *testing.T) {
	require.Nil(t, chart.RGB(0, 5, nil))
	require.Nil(t, chart.RGB(5, -5, nil))
	require.Nil(t, chart.RGB(math.MaxInt, math.MaxInt, make([]byte, 12)))
	require.Nil(t, chart.RGB(2, 2, make([]byte, 11)))
	for _, img := range []image.Image{nil, chart.RGB(2, 2, nil), image.NewGray(image.Rectangle{})} {
		p := sample().Worst[0]
		p.Image = img
		card := write(t, Report{Worst: []Picture{p}}).all("li", "card")[0]
		require.Empty(t, card.all("img", ""))
		require.Contains(t, card.text, "no picture")
		require.Len(t, card.all("p", "answer"), 2)
	}
}

// TestAnswers: class, probability and correctness of each network.
func TestAnswers(t *testing.T) {
	page := write(t, sample())
	require.Contains(t, page.text, "Private:")
	card := page.all("li", "card")[0]
	require.Equal(t, "label: cat", card.all("p", "truth")[0].text)
	require.Equal(t, []string{"float cat ✓ correct 75\u00a0%", "int8 dog 40\u00a0%"}, trimmed(texts(card.all("p", "answer"))))
	var bars []string
	for _, rect := range card.all("rect", "fill") {
		bars = append(bars, rect.attrs["width"])
	}
	require.Equal(t, []string{"75.00%", "40.10%"}, bars)
}

func trimmed(lines []string) []string {
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	return lines
}
