package display

import (
	"bytes"
	"flag"
	"image"
	"image/color"
	"image/png"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"periph.io/x/devices/v3/ssd1306/image1bit"

	"halfmeg/model/pretrained"
)

var update = flag.Bool("update", false, "write the picture of the documentation")

var (
	large = image.Pt(128, 64)
	low   = image.Pt(128, 32)
)

// Letters are as large as the label allows.
func TestLayout(t *testing.T) {
	for title, want := range map[string][]block{
		"cup":                 {{4, []string{"cup"}}},
		"tench":               {{3, []string{"tench"}}},
		"wall clock":          {{2, []string{"wall", "clock"}}},
		"no camera":           {{2, []string{"no camera"}}},
		"hippopotamus":        {{2, []string{"hippop-", "otamus"}}},
		"jack-o'-lantern":     {{2, []string{"jack-o'-", "lantern"}}},
		"T-shirt":             {{2, []string{"T-shirt"}}},
		"American black bear": {{2, []string{"American", "black"}}, {2, []string{"bear"}}},
		"":                    {{4, []string{""}}},
		"äöüäöüäöüä":          {{2, []string{"äöüäö-", "üäöüä"}}},
		"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff": {{4, []string{"\ufffd"}}},
	} {
		require.Equal(t, want, layout(title, large), title)
	}
	require.Equal(t, []block{{2, []string{"wall"}}, {2, []string{"clock"}}}, layout("wall clock", low))
}

// Every label of the built-in network is shown completely, and no letter is outside the
// panel at any position of the picture.
func TestEveryLabelFits(t *testing.T) {
	network, err := pretrained.Load(pretrained.Default)
	require.NoError(t, err)
	titles := []string{starting, noCamera, nothing, tooHot}
	for _, label := range network.Labels {
		first, _, _ := strings.Cut(label, ",")
		titles = append(titles, first)
	}
	for _, size := range []image.Point{large, low} {
		for _, title := range titles {
			var shown strings.Builder
			for _, b := range layout(title, size) {
				letters, lines := capacity(size, b.scale)
				require.LessOrEqual(t, len(b.lines), lines, title)
				require.GreaterOrEqual(t, b.scale, minScale, title)
				for _, line := range b.lines {
					require.LessOrEqual(t, length(line), letters, title)
					shown.WriteString(strings.TrimSuffix(line, "-"))
				}
			}
			letters := strings.NewReplacer(" ", "", "-", "")
			require.Equal(t, letters.Replace(title), letters.Replace(shown.String()))
		}
	}
}

// The picture is the same at each position, only moved, and nothing of it is cut off.
func TestPositions(t *testing.T) {
	seen := map[image.Point]bool{}
	for _, size := range []image.Point{large, low} {
		v := view{title: "Mggyyjjqq", percent: 100, info: "99C/s"}
		base := render(v, size, image.Point{})
		require.NotZero(t, lit(base))
		for n := range 2 * (margin + 1) * (margin + 1) {
			shift := position(n)
			seen[shift] = true
			moved := render(v, size, shift)
			require.Equal(t, lit(base), lit(moved), shift)
			for y := range size.Y - shift.Y {
				for x := range size.X - shift.X {
					require.Equal(t, base.BitAt(x, y), moved.BitAt(x+shift.X, y+shift.Y))
				}
			}
		}
	}
	require.Len(t, seen, (margin+1)*(margin+1))
}

func lit(img *image1bit.VerticalLSB) (n int) {
	for y := range img.Rect.Max.Y {
		for x := range img.Rect.Max.X {
			if img.BitAt(x, y) {
				n++
			}
		}
	}
	return n
}

// The bar grows with the probability and is never cut off.
func TestBar(t *testing.T) {
	for _, size := range []image.Point{large, low} {
		before := -1
		for _, percent := range []int{0, 25, 50, 75, 100} {
			c := canvas{image1bit.NewVerticalLSB(image.Rectangle{Max: size}), image.Point{}}
			c.bar(image.Rect(0, 0, 60, barRows), percent)
			n := lit(c.VerticalLSB)
			require.Greater(t, n, before)
			before = n
		}
		require.Equal(t, 60*barRows, before)
		require.Equal(t, render(view{title: "x", percent: -1}, size, image.Point{}),
			render(view{title: "x", percent: -1, page: 5}, size, image.Point{}))
	}
}

// A separate page says that the board is too hot.
func TestTooHot(t *testing.T) {
	v := view{title: "cup", percent: 93, hot: true, page: 1}
	want := view{title: tooHot, percent: 93}
	require.Equal(t, render(want, large, image.Point{}), render(v, large, image.Point{}))
	v.page = 0
	require.Equal(t, render(view{title: "cup", percent: 93}, large, image.Point{}), render(v, large, image.Point{}))
}

const documentation = "../../../../docs/display.png"

// The picture in the documentation is what is drawn. "go test -run TestDocumentation
// -update" writes it.
func TestDocumentation(t *testing.T) {
	views := []struct {
		view view
		size image.Point
	}{
		{view{title: "wall clock", percent: 54, info: "9.8/s"}, large},
		{view{title: "cup", percent: 93, info: "48 C"}, large},
		{view{title: noCamera, percent: -1}, large},
		{view{title: "cup", percent: 93}, low},
	}
	const zoom, gap = 3, 12
	sheet := image.NewPaletted(image.Rect(0, 0, 2*128*zoom+3*gap, 2*64*zoom+3*gap), color.Palette{
		color.Gray{Y: 0x60}, color.Gray{Y: 0}, color.RGBA{0xa0, 0xe0, 0xff, 0xff},
	})
	for i, v := range views {
		origin := image.Pt(gap+i%2*(128*zoom+gap), gap+i/2*(64*zoom+gap))
		img := render(v.view, v.size, image.Pt(1, 1))
		for y := range v.size.Y * zoom {
			for x := range v.size.X * zoom {
				index := uint8(1)
				if img.BitAt(x/zoom, y/zoom) {
					index = 2
				}
				sheet.SetColorIndex(origin.X+x, origin.Y+y, index)
			}
		}
	}
	if *update {
		var b bytes.Buffer
		require.NoError(t, (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&b, sheet))
		require.NoError(t, os.WriteFile(documentation, b.Bytes(), 0o644))
	}
	file, err := os.Open(documentation)
	require.NoError(t, err)
	defer file.Close()
	got, err := png.Decode(file)
	require.NoError(t, err)
	require.Equal(t, sheet.Bounds(), got.Bounds())
	for y := range sheet.Rect.Max.Y {
		for x := range sheet.Rect.Max.X {
			r, g, b, _ := sheet.At(x, y).RGBA()
			wr, wg, wb, _ := got.At(x, y).RGBA()
			require.Equal(t, [3]uint32{r, g, b}, [3]uint32{wr, wg, wb}, "%d,%d: run the test with -update", x, y)
		}
	}
}

// Any label can be drawn: a custom network may have others.
func FuzzRender(f *testing.F) {
	f.Add("American black bear", 1)
	f.Add("äöü\xff hippopotamus", 50)
	f.Fuzz(func(t *testing.T, title string, percent int) {
		for _, size := range []image.Point{large, low} {
			for page, b := range layout(title, size) {
				letters, lines := capacity(size, b.scale)
				if len(b.lines) > lines {
					t.Fatalf("%d lines", len(b.lines))
				}
				for _, line := range b.lines {
					if length(line) > letters {
						t.Fatalf("%q is too long", line)
					}
				}
				if page < 3 {
					render(view{title: title, page: page, percent: percent % 101}, size, position(8))
				}
			}
		}
	})
}
