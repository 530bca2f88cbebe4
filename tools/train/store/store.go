// Package store keeps decoded pictures in memory and draws variants of them to
// train on.
package store

import (
	"fmt"
	"image"
	"math"
	"sync"

	"golang.org/x/image/draw"

	"halfmeg/camera/picture"
	"halfmeg/tools/train/dataset"
)

// Store holds decoded pictures, shrunk to a side, within a limit of memory. It
// is safe for concurrent use.
type Store struct {
	side  int   // pictures whose short side is longer are shrunk
	limit int64 // in bytes

	mutex sync.Mutex
	used  int64
	kept  map[string]*picture.Image // by path
}

// Sides of the pictures in memory.
const (
	spareSide  = 1.4 // the most that is kept, as a multiple of the network's side: random crops then hardly enlarge
	aspect     = 4. / 3
	colourSize = 3
)

// New returns a Store for a number of pictures. size is the side of the network's
// input.
func New(limit int64, pictures, size int) *Store {
	each := float64(limit) / float64(max(pictures, 1))
	side := min(spareSide*float64(size), math.Sqrt(each/colourSize/aspect))
	return &Store{side: max(size, int(side)), limit: limit, kept: map[string]*picture.Image{}}
}

// Side returns the short side to which larger pictures are shrunk.
func (s *Store) Side() int { return s.side }

// Used returns how many pictures are in memory, and their bytes.
func (s *Store) Used() (pictures int, bytes int64) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return len(s.kept), s.used
}

// Keep stores a decoded picture, if the limit allows it.
func (s *Store) Keep(path string, img *picture.Image) {
	img = shrink(img, s.side)
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.used+int64(len(img.Pix)) <= s.limit {
		s.kept[path] = img
		s.used += int64(len(img.Pix))
	}
}

// Retain removes all pictures from memory but those of the items.
func (s *Store) Retain(items []dataset.Item) {
	wanted := map[string]bool{}
	for _, item := range items {
		wanted[item.Path] = true
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for path, img := range s.kept {
		if !wanted[path] {
			s.used -= int64(len(img.Pix))
			delete(s.kept, path)
		}
	}
}

// Picture returns a picture from memory, or else decodes it anew.
func (s *Store) Picture(path string) (*picture.Image, error) {
	s.mutex.Lock()
	img := s.kept[path]
	s.mutex.Unlock()
	if img != nil {
		return img, nil
	}
	img, err := picture.DecodeFile(path)
	if err != nil {
		return nil, fmt.Errorf("a picture can no longer be read: %w", err)
	}
	return shrink(img, s.side), nil
}

// shrink scales a picture such that its short side has at most side pixels.
func shrink(img *picture.Image, side int) *picture.Image {
	short := min(img.Width, img.Height)
	if short <= side {
		return img
	}
	src := image.NewRGBA(image.Rect(0, 0, img.Width, img.Height))
	for i, at := 0, 0; at < len(img.Pix); i, at = i+4, at+3 {
		src.Pix[i], src.Pix[i+1], src.Pix[i+2], src.Pix[i+3] = img.Pix[at], img.Pix[at+1], img.Pix[at+2], 255
	}
	dst := image.NewRGBA(image.Rect(0, 0, max(1, img.Width*side/short), max(1, img.Height*side/short)))
	draw.BiLinear.Scale(dst, dst.Rect, src, src.Rect, draw.Src, nil)
	out := &picture.Image{Width: dst.Rect.Dx(), Height: dst.Rect.Dy(), Pix: make([]byte, 0, 3*dst.Rect.Dx()*dst.Rect.Dy())}
	for i := 0; i < len(dst.Pix); i += 4 {
		out.Pix = append(out.Pix, dst.Pix[i:i+3]...)
	}
	return out
}
