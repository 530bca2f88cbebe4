// Package example draws a small data set: a garden gate that is open or closed, and
// scenes without a gate. It shows how to train a network where there are no
// photographs yet.
package example

import (
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"

	"golang.org/x/image/draw"
	"golang.org/x/image/math/f64"

	"halfmeg/internal/atomicfile"
)

// Classes are the classes of the data set, which are also names of folders.
func Classes() []string { return []string{"closed", "none", "open"} }

// Size of the pictures in pixels.
const (
	width  = 320
	height = 240
)

// Write writes a number of pictures of each class below a folder. It returns the
// paths of further pictures, one per class, in a folder next to those of the classes, which
// is not read as one.
func Write(dir string, each int, seed uint64) (further []string, err error) {
	for class, name := range Classes() {
		for i := range each + 1 {
			path := filepath.Join(dir, name, fmt.Sprintf("%03d.jpg", i))
			if i == each {
				path = filepath.Join(dir, ".further", name+".jpg")
				further = append(further, path)
			}
			if err := write(path, Draw(class, rand.New(rand.NewPCG(seed, uint64(class)<<32|uint64(i))))); err != nil {
				return nil, err
			}
		}
	}
	return further, nil
}

func write(path string, img image.Image) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return atomicfile.Write(path, 0o644, func(w io.Writer) error {
		return jpeg.Encode(w, img, &jpeg.Options{Quality: 90})
	})
}

// Draw draws a scene of a class: its light, colours and place vary.
func Draw(class int, random *rand.Rand) image.Image {
	s := &scene{image.NewRGBA(image.Rect(0, 0, width, height)), random, 0.6 + 0.6*random.Float64()}
	horizon := 70 + random.IntN(50)
	s.fill(image.Rect(0, 0, width, horizon), s.colour(150, 180, 220, 40))
	s.fill(image.Rect(0, horizon, width, height), s.colour(90, 130, 60, 40))
	for range 3 + random.IntN(5) {
		s.bush(random.IntN(width), horizon+random.IntN(30)-15, 12+random.IntN(30))
	}
	gap := 80 + random.IntN(50)
	left := 40 + random.IntN(width-gap-80)
	top, bottom := horizon-10+random.IntN(20), horizon+70+random.IntN(40)
	s.path(left, left+gap, bottom)
	wood := s.colour(130, 90, 60, 60)
	s.fence(0, left, top, bottom, wood)
	s.fence(left+gap, width, top, bottom, wood)
	paint := s.colour(170, 60, 50, 70)
	switch Classes()[class] {
	case "closed":
		s.gate(left, left+gap, top, bottom, 0, paint)
	case "open": // seen from the side, the gate is narrow and slanted
		s.gate(left, left+gap/4+random.IntN(gap/8), top, bottom, 12+random.IntN(14), paint)
	default: // the fence goes on
		s.fence(left, left+gap, top, bottom, wood)
	}
	return s.noisy()
}

// scene is a picture in progress.
type scene struct {
	img    *image.RGBA
	random *rand.Rand
	light  float64
}

// colour returns a colour near the given one, in the light of the scene.
func (s *scene) colour(r, g, b, spread int) color.RGBA {
	vary := func(v int) uint8 {
		return uint8(min(max(float64(v+s.random.IntN(2*spread+1)-spread)*s.light, 0), 255))
	}
	return color.RGBA{vary(r), vary(g), vary(b), 255}
}

func (s *scene) fill(r image.Rectangle, c color.Color) {
	draw.Draw(s.img, r, image.NewUniform(c), image.Point{}, draw.Src)
}

// bush draws a disc.
func (s *scene) bush(x, y, radius int) {
	c := s.colour(60, 110, 50, 40)
	for dy := -radius; dy <= radius; dy++ {
		for dx := -radius; dx <= radius; dx++ {
			if dx*dx+dy*dy <= radius*radius {
				s.img.Set(x+dx, y+dy, c)
			}
		}
	}
}

// path draws the way through the gap, wider towards the camera.
func (s *scene) path(left, right, top int) {
	c := s.colour(170, 160, 140, 25)
	for y := top - 25; y < height; y++ {
		spread := (y - top + 25) / 3
		s.fill(image.Rect(left-spread+8, y, right+spread-8, y+1), c)
	}
}

// fence draws posts and two rails.
func (s *scene) fence(left, right, top, bottom int, c color.Color) {
	third := (bottom - top) / 3
	s.fill(image.Rect(left, top+third, right, top+third+6), c)
	s.fill(image.Rect(left, top+2*third, right, top+2*third+6), c)
	for x := left; x < right; x += 16 {
		s.fill(image.Rect(x, top, min(x+8, right), bottom), c)
	}
}

// gate draws a frame with bars and a diagonal. slant moves its far end down.
func (s *scene) gate(left, right, top, bottom, slant int, c color.Color) {
	for x := left; x < right; x++ {
		down := slant * (x - left) / (right - left)
		column := func(from, to int) { s.fill(image.Rect(x, from+down, x+1, to+down), c) }
		switch {
		case x < left+6 || x >= right-6 || (x-left)%18 < 3:
			column(top, bottom)
		default:
			column(top, top+7)
			column(bottom-9, bottom-2)
			middle := top + (bottom-top)*(x-left)/(right-left)
			column(middle-3, middle+3)
		}
	}
}

// noisy returns the scene as a camera sees it: slightly turned, and with noise.
func (s *scene) noisy() image.Image {
	turn := 0.06 * (2*s.random.Float64() - 1)
	out := image.NewRGBA(s.img.Rect)
	matrix := f64.Aff3{1.1, turn, -0.05*width - turn*height/2, -turn, 1.1, -0.05*height + turn*width/2}
	draw.BiLinear.Transform(out, matrix, s.img, s.img.Rect, draw.Src, nil)
	for i := range out.Pix {
		if i%4 != 3 {
			out.Pix[i] = uint8(min(max(int(out.Pix[i])+s.random.IntN(17)-8, 0), 255))
		}
	}
	return out
}
