package dataset

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/camera/picture"
)

// draw writes a picture that depends on the seed; small changes of shift make
// near-duplicates.
func draw(t *testing.T, path string, seed, shift int) {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, 45, 40))
	state := uint32(seed)*2654435761 + 1
	var tiles [9][8]uint8
	for x := range tiles {
		for y := range tiles[x] {
			state = state*1664525 + 1013904223
			tiles[x][y] = uint8(state >> 24)
		}
	}
	for y := range 40 {
		for x := range 45 {
			v := tiles[x/5][y/5]/2 + uint8(shift)
			img.Set(x, y, color.RGBA{v, v, v / 2, 255})
		}
	}
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	f, err := os.Create(path)
	require.NoError(t, err)
	require.NoError(t, png.Encode(f, img))
	require.NoError(t, f.Close())
}

// folder writes n pictures of each class.
func folder(t *testing.T, n int, classes ...string) string {
	dir := t.TempDir()
	for c, class := range classes {
		for i := range n {
			draw(t, filepath.Join(dir, class, fmt.Sprintf("%d.png", i)), 100*c+i, 0)
		}
	}
	return dir
}

// scan lists and decodes a folder.
func scan(t *testing.T, dir string) (*Set, error) {
	t.Helper()
	s, err := List(dir, nil)
	require.NoError(t, err)
	return s, s.Scan(context.Background(), 2, func(string, *picture.Image) {}, func() {})
}

func TestListFolders(t *testing.T) {
	dir := folder(t, 2, "10", "9", "none")
	draw(t, filepath.Join(dir, "stray.png"), 7, 0)
	draw(t, filepath.Join(dir, ".hidden", "a.png"), 8, 0)
	s, err := List(dir, nil)
	require.NoError(t, err)
	require.Equal(t, []string{"9", "10", "none"}, s.Classes)
	require.Equal(t, []int{2, 2, 2}, s.Counts(false))
	require.False(t, s.Split)
	require.Len(t, s.Warnings, 1)
	require.Contains(t, s.Warnings[0], "1 picture in ")
	require.Contains(t, s.Warnings[0], " skipped: in no class folder")

	s, err = List(dir, []string{"none", "9"})
	require.NoError(t, err)
	require.Equal(t, []string{"none", "9"}, s.Classes)
	require.Len(t, s.Items, 4)
}

func TestListSplit(t *testing.T) {
	dir := t.TempDir()
	for i := range 3 {
		draw(t, filepath.Join(dir, "train", "b", fmt.Sprintf("%d.png", i)), i, 0)
		draw(t, filepath.Join(dir, "train", "a", fmt.Sprintf("%d.png", i)), 10+i, 0)
	}
	draw(t, filepath.Join(dir, "val", "b", "0.png"), 20, 0)
	s, err := List(dir, nil)
	require.NoError(t, err)
	require.True(t, s.Split)
	require.Equal(t, []int{3, 3}, s.Counts(false))
	require.Equal(t, []int{0, 1}, s.Counts(true))
	s, err = scan(t, dir)
	require.NoError(t, err)
	s.Warnings = nil
	require.NoError(t, s.Divide(1))
	require.Equal(t, []string{"no pictures to validate with of a: the accuracy is not measured there"}, s.Warnings)

	draw(t, filepath.Join(dir, "val", "c", "0.png"), 21, 0)
	_, err = List(dir, nil)
	require.ErrorContains(t, err, `the class "c" has pictures in `)
	s, err = List(dir, []string{"b", "a"})
	require.NoError(t, err)
	require.Equal(t, []int{1, 0}, s.Counts(true))
}

// Data sets call the validation folder differently, or have none.
func TestListSplitNames(t *testing.T) {
	for _, name := range []string{"val", "valid", "validation", "test"} {
		dir := t.TempDir()
		draw(t, filepath.Join(dir, "train", "a", "0.png"), 1, 0)
		draw(t, filepath.Join(dir, "train", "b", "0.png"), 2, 0)
		draw(t, filepath.Join(dir, name, "a", "0.png"), 3, 0)
		s, err := List(dir, nil)
		require.NoError(t, err)
		require.True(t, s.Split)
		require.Equal(t, []int{1, 0}, s.Counts(true))

		require.NoError(t, os.RemoveAll(filepath.Join(dir, name)))
		s, err = List(dir, nil)
		require.NoError(t, err)
		require.False(t, s.Split, "train alone is split")
		require.Equal(t, []string{"a", "b"}, s.Classes)
	}
	for _, classes := range [][]string{{"test", "train"}, {"car", "train"}} {
		dir := folder(t, 1, classes...)
		if classes[0] == "car" { // pictures of a class may be in folders
			draw(t, filepath.Join(dir, "train", "steam", "0.png"), 9, 0)
		}
		s, err := List(dir, nil)
		require.NoError(t, err)
		require.Equal(t, classes, s.Classes, "classes of these names")
	}
}

// A folder besides train/ and val/ is named, because its pictures are not used.
func TestListSplitUnused(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"train/a", "train/b", "val/a", "test/a"} {
		draw(t, filepath.Join(dir, name, "0.png"), len(name), 0)
	}
	s, err := List(dir, nil)
	require.NoError(t, err)
	require.Len(t, s.Items, 3)
	require.Len(t, s.Notes, 1)
	require.Contains(t, s.Notes[0], filepath.Join(dir, "test")+" is not used")
}

func TestListTable(t *testing.T) {
	dir := folder(t, 3, "x")
	table := filepath.Join(dir, "labels.csv")
	write := func(text string) { require.NoError(t, os.WriteFile(table, []byte(text), 0o600)) }
	write("file,class\nx/0.png,20 cents\nx/1.png,5 cents\nx/2.png,20 cents\n")
	s, err := List(dir, nil)
	require.NoError(t, err)
	require.Equal(t, []string{"5 cents", "20 cents"}, s.Classes)
	require.Equal(t, []int{1, 2}, s.Counts(false))

	write("x/0.png,a\nx/7.png,b\nx/8.png,b\n")
	_, err = List(dir, nil)
	require.ErrorContains(t, err, "lists 2 missing files, the first "+filepath.Join(dir, "x", "7.png"))
	write("x/0.png,a\nx/0.png,b\n")
	_, err = List(dir, nil)
	require.ErrorContains(t, err, `x/0.png twice, as "a" and as "b"`)
}

func TestListErrors(t *testing.T) {
	empty := folder(t, 2, "a", "b")
	require.NoError(t, os.Mkdir(filepath.Join(empty, "c"), 0o755))
	loose := t.TempDir()
	draw(t, filepath.Join(loose, "1.png"), 1, 0)
	for want, dir := range map[string]string{
		`the class "c" has no pictures: add some to its folder, or delete the folder`: empty,
		`has only the class "a": a network needs at least two`:                        folder(t, 2, "a"),
		"has no folders: put the pictures of each class into a folder":                loose,
		`the classes "Cat" and "cat" differ only in case`:                             folder(t, 1, "Cat", "cat"),
		"no such file": filepath.Join(loose, "missing"),
		"is a file":    filepath.Join(loose, "1.png"),
	} {
		_, err := List(dir, nil)
		require.ErrorContains(t, err, want)
	}
	_, err := List(folder(t, 1, "a", "b"), []string{"a", "z"})
	require.ErrorContains(t, err, `no class "z"; there are a, b`)
}

// TestScanNames: broken files, contradictions and copies are skipped.
func TestScanNames(t *testing.T) {
	dir := folder(t, 12, "a", "b")
	broken := filepath.Join(dir, "a", "broken.jpg")
	require.NoError(t, os.WriteFile(broken, []byte("\xff\xd8 no more"), 0o600))
	draw(t, filepath.Join(dir, "a", "both.png"), 999, 0)
	draw(t, filepath.Join(dir, "b", "both.png"), 999, 0)
	draw(t, filepath.Join(dir, "a", "copy.png"), 0, 0)
	s, err := scan(t, dir)
	require.NoError(t, err)
	require.Equal(t, []int{12, 12}, s.Counts(false))
	warnings := strings.Join(s.Warnings, "\n")
	require.Contains(t, warnings, "skipped: "+broken)
	require.Contains(t, warnings, filepath.Join("a", "both.png")+" (a) and ")
	require.Contains(t, warnings, filepath.Join("b", "both.png")+" (b) are the same picture: delete the wrong one")
	require.Contains(t, s.Notes, "1 picture skipped: same bytes as another of the class")
}

// TestScanNamesSomeBroken: not thousands.
func TestScanNamesSomeBroken(t *testing.T) {
	dir := folder(t, 12, "a", "b")
	for i := range 25 {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "a", fmt.Sprintf("broken%d.jpg", i)), nil, 0o600))
	}
	s, err := scan(t, dir)
	require.NoError(t, err)
	require.Len(t, s.Warnings, namedBroken+1)
	require.Equal(t, "skipped: 5 more that cannot be read", s.Warnings[namedBroken])
}

// TestScanCopiesAcrossSplit: copies are taken out of the training pictures.
func TestScanCopiesAcrossSplit(t *testing.T) {
	dir := t.TempDir()
	for i := range 12 {
		for class, name := range []string{"a", "b"} {
			draw(t, filepath.Join(dir, "train", name, fmt.Sprintf("%d.png", i)), 100*class+i, 0)
		}
	}
	draw(t, filepath.Join(dir, "val", "a", "0.png"), 0, 0)
	draw(t, filepath.Join(dir, "val", "b", "0.png"), 100, 0)
	s, err := scan(t, dir)
	require.NoError(t, err)
	require.Equal(t, []int{11, 11}, s.Counts(false))
	require.Equal(t, []int{1, 1}, s.Counts(true))
	require.Contains(t, s.Notes, "2 pictures skipped: same bytes as another of the class")
	require.Contains(t, s.Warnings, "2 validation pictures among the training pictures, too: only used to validate")
}

// TestNothingToTrainOn: what is left of a class is in val.
func TestNothingToTrainOn(t *testing.T) {
	dir := t.TempDir()
	for i := range 3 {
		draw(t, filepath.Join(dir, "train", "a", fmt.Sprintf("%d.png", i)), i, 0)
		draw(t, filepath.Join(dir, "val", "b", fmt.Sprintf("%d.png", i)), 10+i, 0)
	}
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "train", "b"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "train", "b", "broken.jpg"), nil, 0o600))
	s, err := scan(t, dir)
	require.NoError(t, err)
	require.ErrorContains(t, s.Divide(1), `no pictures are left to train on of the class "b"`)
}

func TestScanFewPictures(t *testing.T) {
	s, err := scan(t, folder(t, 3, "a", "b"))
	require.NoError(t, err)
	require.Len(t, s.Warnings, 2)
	require.Contains(t, s.Warnings[0], `the class "a" has only 3 pictures`)
	require.NoError(t, s.Divide(1))
	require.Equal(t, []int{1, 1}, s.Counts(true))
}

func TestScanNothingReadable(t *testing.T) {
	dir := t.TempDir()
	for _, class := range []string{"a", "b"} {
		require.NoError(t, os.Mkdir(filepath.Join(dir, class), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, class, "1.png"), []byte("x"), 0o600))
	}
	_, err := scan(t, dir)
	require.ErrorContains(t, err, "none of the 2 pictures can be read")
	draw(t, filepath.Join(dir, "a", "2.png"), 1, 0)
	_, err = scan(t, dir)
	require.ErrorContains(t, err, `no pictures are left of the class "b"`)
}

// TestDivide: a fifth of each class is held out, the same with the same seed.
// Bursts stay on one side.
func TestDivide(t *testing.T) {
	dir := folder(t, 40, "a", "b")
	for i := range 10 {
		draw(t, filepath.Join(dir, "a", fmt.Sprintf("burst%d.png", i)), 5000, i)
	}
	s, err := scan(t, dir)
	require.NoError(t, err)
	require.NoError(t, s.Divide(1))
	require.InDelta(t, 10, s.Counts(true)[0], 5)
	require.Equal(t, 8, s.Counts(true)[1])
	sides := map[bool]int{}
	for _, item := range s.Items {
		if strings.Contains(item.Path, "burst") {
			sides[item.Validation]++
		}
	}
	require.Len(t, sides, 1)
	require.Contains(t, strings.Join(s.Notes, "\n"), "a: 9 pictures of 50 kept on the side of their near-duplicates")

	again, err := scan(t, dir)
	require.NoError(t, err)
	require.NoError(t, again.Divide(1))
	require.Equal(t, s.Items, again.Items)
	require.Equal(t, s.Fingerprint(), again.Fingerprint())
	again.Items[0], again.Items[1] = again.Items[1], again.Items[0] // as if files were renamed
	require.NotEqual(t, s.Fingerprint(), again.Fingerprint())
	again.Items[0], again.Items[1] = again.Items[1], again.Items[0]
	require.NoError(t, again.Divide(2))
	require.NotEqual(t, s.Fingerprint(), again.Fingerprint())
}

// TestDivideStatedSplit: training pictures that resemble a validation picture are
// skipped.
func TestDivideStatedSplit(t *testing.T) {
	dir := t.TempDir()
	for i := range 3 {
		draw(t, filepath.Join(dir, "train", "a", fmt.Sprintf("%d.png", i)), i, 0)
		draw(t, filepath.Join(dir, "train", "b", fmt.Sprintf("%d.png", i)), 10+i, 0)
	}
	draw(t, filepath.Join(dir, "val", "a", "0.png"), 1, 3)
	draw(t, filepath.Join(dir, "val", "b", "0.png"), 50, 3)
	s, err := scan(t, dir)
	require.NoError(t, err)
	require.NoError(t, s.Divide(1))
	require.Equal(t, []int{2, 3}, s.Counts(false))
	require.Contains(t, strings.Join(s.Notes, "\n"), filepath.Join("train", "a", "1.png"))
}

func TestCompareNatural(t *testing.T) {
	for _, pair := range [][2]string{{"2", "10"}, {"a2", "a10"}, {"a", "b"}, {"a", "a1"}, {"x9y", "x10a"}, {"1", "a"}} {
		require.Negative(t, compareNatural(pair[0], pair[1]), pair)
		require.Positive(t, compareNatural(pair[1], pair[0]), pair)
	}
	require.Zero(t, compareNatural("a10", "a10"))
}
