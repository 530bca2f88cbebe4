package pictures

import (
	"context"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/model"
)

// write writes a small picture of a single grey.
func write(t *testing.T, path string, grey uint8) {
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	f, err := os.Create(path)
	require.NoError(t, err)
	defer f.Close()
	img := image.NewGray(image.Rect(0, 0, 8, 8))
	for i := range img.Pix {
		img.Pix[i] = color.Gray{Y: grey}.Y
	}
	require.NoError(t, png.Encode(f, img))
}

func labels(f *Folder) map[string]int {
	m := map[string]int{}
	for _, i := range f.Items {
		m[filepath.Base(i.Path)] = i.Label
	}
	return m
}

func TestListByFile(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a.png"), 1)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "labels.csv"), []byte("file,label\na.png,3\nb.png,0\n"), 0o644))
	f, err := List(dir, nil)
	require.NoError(t, err)
	require.Equal(t, map[string]int{"a.png": 3, "b.png": 0}, labels(f))
	require.Len(t, f.Labelled(), 2)
	require.Empty(t, f.Warning())
	require.NoError(t, f.Check(4))
	require.ErrorContains(t, f.Check(3), "a.png is of class 3, but the network has only 3 classes")
}

func TestListByFolders(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"Tench/a.png", "7/b.PNG", "7/deep/c.png", "what/d.png", "e.png"} {
		write(t, filepath.Join(dir, name), 1)
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "notes.txt"), nil, 0o644))
	f, err := List(dir, []string{"tench, Tinca tinca"})
	require.NoError(t, err)
	require.Equal(t, map[string]int{"a.png": 0, "b.PNG": 7, "c.png": 7, "d.png": Unlabelled, "e.png": Unlabelled}, labels(f))
	require.Len(t, f.Labelled(), 3)
	require.Contains(t, f.Warning(), "the class of 2 of 5 pictures is unknown, for example "+filepath.Join(dir, "e.png"))
}

func TestListRefuses(t *testing.T) {
	dir := t.TempDir()
	_, err := List(dir, nil)
	require.ErrorContains(t, err, "contains no pictures")
	_, err = List(filepath.Join(dir, "missing"), nil)
	require.ErrorIs(t, err, os.ErrNotExist)
	file := filepath.Join(dir, "labels.csv")
	for content, want := range map[string]string{
		"file,label\na.png,x\n":  `row 2: label "x" is not a class number`,
		"file,label\na.png,-1\n": `label "-1"`,
		"a.png\n":                "wrong number of fields",
		"a.png,cat\nb.png,3\n":   `row 1: label "cat"`,
		"a.png,1\na.png,2\n":     "row 2: a.png is listed twice",
		"file,label\n":           "contains no pictures",
	} {
		require.NoError(t, os.WriteFile(file, []byte(content), 0o644))
		_, err = List(dir, nil)
		require.ErrorContains(t, err, want)
	}
	_, err = List(file, nil)
	require.ErrorContains(t, err, "expected a folder of pictures")
}

// TestLoad: unreadable files are left out and named, and the order is kept.
func TestLoad(t *testing.T) {
	dir := t.TempDir()
	var items []Item
	for i := range 20 {
		path := filepath.Join(dir, string(rune('a'+i))+".png")
		write(t, path, uint8(10*i))
		items = append(items, Item{path, i})
	}
	require.NoError(t, os.WriteFile(items[7].Path, []byte("no picture"), 0o644))
	in := model.CaffeInput()
	in.Size, in.Resize = 4, 4
	loaded, err := Load(context.Background(), items, in, 3, func() {})
	require.NoError(t, err)
	require.Len(t, loaded.Data, 19)
	require.Len(t, loaded.Unreadable, 1)
	require.ErrorContains(t, loaded.Unreadable[0], "h.png")
	for i, item := range loaded.Items {
		require.Equal(t, int8(10*item.Label-128), loaded.Data[i][0])
	}
	require.NotContains(t, loaded.Labels(), 7)
	_, err = Load(context.Background(), items[7:8], in, 1, func() {})
	require.ErrorIs(t, err, errNoneReadable)
}

// TestHoldOut: every tenth of ten or more pictures, and none in both parts.
func TestHoldOut(t *testing.T) {
	in := &Inputs{}
	for i := range 12 {
		in.Items, in.Data = append(in.Items, Item{Label: i}), append(in.Data, []int8{int8(i)})
	}
	calibration, heldOut := in.HoldOut()
	require.Equal(t, []int{9}, heldOut.Labels())
	require.Len(t, calibration.Data, 11)
	few := &Inputs{Items: in.Items[:9], Data: in.Data[:9]}
	calibration, heldOut = few.HoldOut()
	require.Empty(t, heldOut.Data)
	require.Len(t, calibration.Data, 9)
}
