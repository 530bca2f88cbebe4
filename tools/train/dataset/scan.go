package dataset

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"math/bits"
	"os"
	"path/filepath"

	"halfmeg/camera/picture"
	"halfmeg/internal/parallel"
)

// maxFile limits what is read of a picture file.
const maxFile = 256 << 20

// Scan decodes all pictures. It skips broken files, copies within a class, and
// files that are in two classes with the same bytes, and calls keep with each
// decoded picture and its path, concurrently. done is called after each file.
func (s *Set) Scan(ctx context.Context, workers int, keep func(path string, img *picture.Image), done func()) error {
	failures := make([]error, len(s.Items))
	err := parallel.For(ctx, workers, len(s.Items), func(_, i int) {
		img, err := s.Items[i].read()
		if err == nil {
			keep(s.Items[i].Path, img)
		}
		failures[i] = err
		done()
	})
	if err != nil {
		return err
	}
	listed := len(s.Items)
	broken := s.remove(func(i int) bool { return failures[i] != nil })
	s.nameBroken(failures)
	if len(broken) == listed {
		return fmt.Errorf("none of the %s can be read: %w", plural(listed, "picture"), failures[0])
	}
	s.findCopies()
	return s.checkScanned()
}

// namedBroken is the number of broken files that are named.
const namedBroken = 20

// nameBroken adds a warning for each error.
func (s *Set) nameBroken(failures []error) {
	broken := 0
	for _, err := range failures {
		if err == nil {
			continue
		}
		if broken++; broken <= namedBroken {
			s.Warnings = append(s.Warnings, "skipped: "+err.Error())
		}
	}
	if more := broken - namedBroken; more > 0 {
		s.Warnings = append(s.Warnings, fmt.Sprintf("skipped: %d more that cannot be read", more))
	}
}

// read decodes the picture and computes its hashes.
func (i *Item) read() (*picture.Image, error) {
	if info, err := os.Stat(i.Path); err == nil && !info.Mode().IsRegular() { // opening a pipe would block
		return nil, fmt.Errorf("%s: not a file", i.Path)
	}
	f, err := os.Open(i.Path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxFile {
		return nil, fmt.Errorf("%s: larger than %d MiB", i.Path, maxFile>>20)
	}
	img, err := picture.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", i.Path, err)
	}
	i.bytes, i.look = sha256.Sum256(data), differenceHash(img)
	return img, nil
}

// remove removes items and returns them.
func (s *Set) remove(out func(i int) bool) []Item {
	var kept, removed []Item
	for i, item := range s.Items {
		if out(i) {
			removed = append(removed, item)
		} else {
			kept = append(kept, item)
		}
	}
	s.Items = kept
	return removed
}

// findCopies skips files with the same bytes as another: all of them if they are in
// different classes, and all but one otherwise. Of a copy on both sides of a split that the
// folder states, the validation picture remains.
func (s *Set) findCopies() {
	same := map[[sha256.Size]byte][]int{}
	for i, item := range s.Items {
		same[item.bytes] = append(same[item.bytes], i)
	}
	out, copies, across := map[int]bool{}, 0, 0
	for i, item := range s.Items {
		group := same[item.bytes]
		if group[0] != i || len(group) == 1 {
			continue
		}
		kept := s.keptCopy(group)
		for _, j := range group {
			out[j] = j != kept
		}
		if kept < 0 {
			continue
		}
		copies += len(group) - 1
		if s.Items[kept].Validation != item.Validation {
			across++
		}
	}
	s.remove(func(i int) bool { return out[i] })
	if copies > 0 {
		s.Notes = append(s.Notes, fmt.Sprintf("%s skipped: same bytes as another of the class", plural(copies, "picture")))
	}
	if across > 0 {
		s.Warnings = append(s.Warnings, fmt.Sprintf("%s among the training pictures, too: only used to validate", plural(across, "validation picture")))
	}
}

// keptCopy returns which of the items with the same bytes remains, or -1 and a warning if
// they contradict each other.
func (s *Set) keptCopy(group []int) int {
	first := s.Items[group[0]]
	for _, j := range group[1:] {
		if other := s.Items[j]; other.Class != first.Class {
			s.Warnings = append(s.Warnings, fmt.Sprintf("skipped: %s (%s) and %s (%s) are the same picture: delete the wrong one",
				first.Path, s.Classes[first.Class], other.Path, s.Classes[other.Class]))
			return -1
		}
	}
	for _, j := range group {
		if s.Items[j].Validation {
			return j
		}
	}
	return group[0]
}

// fewPictures is the number of pictures of a class below which little can be
// learned or measured.
const fewPictures = 10

func (s *Set) checkScanned() error {
	train, val := s.Counts(false), s.Counts(true)
	for class, n := range train {
		n += val[class]
		switch {
		case n == 0:
			return fmt.Errorf("%w of the class %q: all are broken or contradict another class", errNoneLeft, s.Classes[class])
		case n < fewPictures:
			s.Warnings = append(s.Warnings, fmt.Sprintf("the class %q has only %s; 50 or more of each class, taken in different places and light, make a network that can be trusted",
				s.Classes[class], plural(n, "picture")))
		}
	}
	return nil
}

// differenceHash is the dHash of a picture: it is reduced to 9x8 grey pixels, and
// each of the 64 bits says whether a pixel is brighter than its right neighbour
// (Krawetz, "Kind of like that", 2013). Changes of size, light and compression
// change few bits.
func differenceHash(img *picture.Image) uint64 {
	const columns, rows = 9, 8
	var grey [rows][columns]float64
	for r := range rows {
		for c := range columns {
			grey[r][c] = mean(img, c*img.Width/columns, (c+1)*img.Width/columns, r*img.Height/rows, (r+1)*img.Height/rows)
		}
	}
	hash := uint64(0)
	for _, row := range grey {
		for c := range columns - 1 {
			hash <<= 1
			if row[c] > row[c+1] {
				hash |= 1
			}
		}
	}
	return hash
}

// mean returns the mean luma (BT.601, in integers of 1/256) of the pixels from
// (x0, y0) to before (x1, y1), at least one pixel. Of large areas it takes a grid.
func mean(img *picture.Image, x0, x1, y0, y1 int) float64 {
	x1, y1 = max(x1, x0+1), max(y1, y0+1)
	const most = 32 // points along a side
	stepX, stepY := max(1, (x1-x0)/most), max(1, (y1-y0)/most)
	sum, count := 0, 0
	for y := y0; y < y1; y += stepY {
		for x := x0; x < x1; x += stepX {
			p := img.Pix[3*(y*img.Width+x):]
			sum += 77*int(p[0]) + 150*int(p[1]) + 29*int(p[2])
			count++
		}
	}
	return float64(sum) / float64(count)
}

// MaxDistance is the number of differing bits of two dHashes up to which pictures of
// a class count as near-duplicates, such as shots of a burst.
const MaxDistance = 6

func (i *Item) resembles(other *Item) bool {
	return i.Class == other.Class && bits.OnesCount64(i.look^other.look) <= MaxDistance
}

// Name returns the file's path from its class folder, for messages.
func (i *Item) Name() string {
	return filepath.Join(filepath.Base(filepath.Dir(i.Path)), filepath.Base(i.Path))
}
