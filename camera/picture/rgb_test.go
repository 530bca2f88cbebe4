package picture

import (
	"fmt"
	"image"
	"image/color"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestOpaqueRows compares opaque 8-bit pictures of random content with package
// color's conversions.
func TestOpaqueRows(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	fill := func(pix []byte) {
		for i := range pix {
			pix[i] = byte(r.Uint32())
			if pix[i]&7 == 0 { // include many extremes
				pix[i] = byte(int8(pix[i]) >> 7)
			}
		}
	}
	for _, size := range [][2]int{{1, 1}, {2, 3}, {17, 9}, {64, 33}, {255, 8}} {
		whole := image.Rect(0, 0, size[0], size[1])
		images := map[string]image.Image{}
		for ratio := image.YCbCrSubsampleRatio444; ratio <= image.YCbCrSubsampleRatio410; ratio++ {
			m := image.NewYCbCr(image.Rect(0, 0, size[0]+8, size[1]+8), ratio)
			fill(m.Y)
			fill(m.Cb)
			fill(m.Cr)
			images[ratio.String()] = m.SubImage(whole)
		}
		gray, cmyk := image.NewGray(whole), image.NewCMYK(whole)
		fill(gray.Pix)
		fill(cmyk.Pix)
		rgba, nrgba := image.NewRGBA(whole), image.NewNRGBA(whole)
		fill(rgba.Pix)
		fill(nrgba.Pix)
		for i := 3; i < len(rgba.Pix); i += 4 {
			rgba.Pix[i], nrgba.Pix[i] = 255, 255
		}
		paletted := image.NewPaletted(whole, nil)
		for range 256 {
			paletted.Palette = append(paletted.Palette, color.RGBA{byte(r.Uint32()), byte(r.Uint32()), byte(r.Uint32()), 255})
		}
		fill(paletted.Pix)
		images["Gray"], images["CMYK"], images["RGBA"], images["NRGBA"], images["Paletted"] = gray, cmyk, rgba, nrgba, paletted
		images["generic"] = struct{ image.Image }{nrgba}
		for name, img := range images {
			t.Run(fmt.Sprintf("%s %dx%d", name, size[0], size[1]), func(t *testing.T) {
				got := toRGB(nil, img, size[0], size[1], identity)
				want := make([]byte, 0, len(got.Pix))
				for y := range size[1] {
					for x := range size[0] {
						c := color.RGBAModel.Convert(img.At(x, y)).(color.RGBA)
						want = append(want, c.R, c.G, c.B)
					}
				}
				require.Equal(t, want, got.Pix)
			})
		}
	}
}

// TestRoundedRows compares 16-bit and transparent pictures with the exact values on
// white, rounded to nearest.
func TestRoundedRows(t *testing.T) {
	const w, h = 37, 11
	r := rand.New(rand.NewPCG(3, 4))
	whole := image.Rect(0, 0, w, h)
	gray16, rgba, nrgba := image.NewGray16(whole), image.NewRGBA(whole), image.NewNRGBA(whole)
	rgba64, nrgba64, paletted := image.NewRGBA64(whole), image.NewNRGBA64(whole), image.NewPaletted(whole, nil)
	palette := map[uint8][]float64{}
	for i := range 256 {
		c := color.NRGBA{byte(r.Uint32()), byte(r.Uint32()), byte(r.Uint32()), byte(i)}
		paletted.Palette = append(paletted.Palette, c)
		palette[uint8(i)] = onWhite(1, float64(c.A)/255, float64(c.R)/255, float64(c.G)/255, float64(c.B)/255)
	}
	want := map[image.Image][]byte{}
	add := func(img image.Image, values []float64) {
		for _, v := range values {
			want[img] = append(want[img], byte(math.Round(255*v)))
		}
	}
	random := func() float64 { return float64(r.IntN(0x10000)) }
	for y := range h {
		for x := range w {
			a16 := random()
			if x == 0 {
				a16 = 0xffff * float64(y&1)
			}
			c16 := [3]float64{random(), random(), random()}
			gray16.SetGray16(x, y, color.Gray16{uint16(c16[0])})
			add(gray16, []float64{c16[0] / 0xffff, c16[0] / 0xffff, c16[0] / 0xffff})

			nrgba64.SetNRGBA64(x, y, color.NRGBA64{uint16(c16[0]), uint16(c16[1]), uint16(c16[2]), uint16(a16)})
			add(nrgba64, onWhite(1, a16/0xffff, c16[0]/0xffff, c16[1]/0xffff, c16[2]/0xffff))

			p16 := color.RGBA64{uint16(c16[0] * a16 / 0xffff), uint16(c16[1] * a16 / 0xffff), uint16(a16), uint16(a16)}
			rgba64.SetRGBA64(x, y, p16)
			add(rgba64, onWhite(0, a16/0xffff, float64(p16.R)/0xffff, float64(p16.G)/0xffff, float64(p16.B)/0xffff))

			c := color.NRGBA{byte(c16[0]), byte(c16[1]), byte(c16[2]), byte(a16)}
			nrgba.SetNRGBA(x, y, c)
			add(nrgba, onWhite(1, float64(c.A)/255, float64(c.R)/255, float64(c.G)/255, float64(c.B)/255))

			p := color.RGBA{byte(int(c.R) * int(c.A) / 255), 0, c.A, c.A}
			rgba.SetRGBA(x, y, p)
			add(rgba, onWhite(0, float64(p.A)/255, float64(p.R)/255, float64(p.G)/255, float64(p.B)/255))

			paletted.SetColorIndex(x, y, c.R)
			add(paletted, palette[c.R])
		}
	}
	for img, pix := range want {
		require.Equal(t, pix, toRGB(nil, img, w, h, identity).Pix, "%T", img)
	}
}

// onWhite composites r, g, b in 0…1 on white. Straight is 1 for straight alpha, 0 for
// premultiplied.
func onWhite(straight, alpha, r, g, b float64) []float64 {
	k := straight*alpha + (1 - straight)
	return []float64{r*k + 1 - alpha, g*k + 1 - alpha, b*k + 1 - alpha}
}
