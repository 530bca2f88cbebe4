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

func labelsOf(f *Folder) map[string]int {
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
	f, err := List(dir, Classes{})
	require.NoError(t, err)
	require.Equal(t, map[string]int{"a.png": 3, "b.png": 0}, labelsOf(f))
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
	f, err := List(dir, Classes{Count: 9, Names: []string{"tench, Tinca tinca"}})
	require.NoError(t, err)
	require.Equal(t, map[string]int{"a.png": 0, "b.PNG": 7, "c.png": 7, "d.png": Unlabelled, "e.png": Unlabelled}, labelsOf(f))
	require.Len(t, f.Labelled(), 3)
	require.Contains(t, f.Warning(), "the class of 2 of 5 pictures is unknown, for example "+filepath.Join(dir, "e.png"))
}

func TestListRejects(t *testing.T) {
	dir := t.TempDir()
	_, err := List(dir, Classes{})
	require.ErrorContains(t, err, "contains no pictures")
	_, err = List(filepath.Join(dir, "missing"), Classes{})
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
		_, err = List(dir, Classes{})
		require.ErrorContains(t, err, want)
	}
	_, err = List(file, Classes{})
	require.ErrorContains(t, err, "expected a folder of pictures")
}

// listed returns the labels of the pictures that List finds.
func listed(t *testing.T, dir string, c Classes) (map[string]int, *Folder) {
	f, err := List(dir, c)
	require.NoError(t, err)
	return labelsOf(f), f
}

func TestListCSV(t *testing.T) {
	elsewhere := filepath.Join(t.TempDir(), "b.png")
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a.png"), 1)
	write(t, filepath.Join(dir, "2"), 1)
	write(t, filepath.Join(dir, "sub/c.png"), 1)
	classes := Classes{Count: 2, Names: []string{"tench, Tinca tinca", "goldfish"}, IDs: []string{"n01440764", "n01443537"}}
	for content, want := range map[string]map[string]int{
		"filename,label\na.png,0":                       {"a.png": 0},
		"image_id,breed\r\n\r\na.png,0\r\n":             {"a.png": 0},
		"\ufeff\"filename\",\"label\"\n\"a.png\",\"1\"": {"a.png": 1},
		"Datei;Klasse\na.png;1":                         {"a.png": 1},
		"file\tlabel\na.png\t1.0":                       {"a.png": 1},
		"a.png, 1\nsub/c.png, 0":                        {"a.png": 1, "c.png": 0},
		"2,1\n":                                         {"2": 1},
		"file,label\n" + elsewhere + ",1":               {"b.png": 1},
		"file,label\nsub\\c.png,1":                      {"c.png": 1},
		"file,label\na.png,Goldfish":                    {"a.png": 1},
		"file,label\na.png,\"tench, Tinca tinca\"":      {"a.png": 0},
		"a.png,n01443537":                               {"a.png": 1},
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "labels.csv"), []byte(content), 0o644))
		got, f := listed(t, dir, classes)
		require.Equal(t, want, got, content)
		if filepath.Base(f.Items[0].Path) == "b.png" {
			require.Equal(t, elsewhere, f.Items[0].Path)
		} else {
			require.FileExists(t, f.Items[0].Path)
		}
	}
	for content, want := range map[string]string{
		"a.png,cat\n":          `labels.csv: row 1: label "cat"`,
		"2,cat\na.png,1\n":     `row 1: label "cat"`, // the file exists
		"what,-1\na.png,1\n":   `row 1: label "-1"`,
		"a.png,1.5\n":          `row 1: label "1.5"`,
		"f,l\ng,m\na.png,1":    `row 2: label "m"`,
		"a.png,1\n./a.png,1":   "row 2: ./a.png is listed twice",
		"i,file,label\n0,a,1":  "expected two columns, the file and the number of its class",
		"\xff\xfe\x00":         "UTF-8",
		"file,label\n\"a.png,": "line 2",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "labels.csv"), []byte(content), 0o644))
		_, err := List(dir, classes)
		require.ErrorContains(t, err, want, content)
	}
}

// TestFolderNames: a folder is named by an id, a label, one of its synonyms, with
// underscores or with a number in front.
func TestFolderNames(t *testing.T) {
	n := newNames(Classes{
		Count: 5,
		Names: []string{"tench, Tinca tinca", "great white shark, white shark", "crane", "crane, machine", "T-shirt, machine, 9"},
		IDs:   []string{"n01440764", "n01484850", "", "", ""},
	})
	for name, want := range map[string]int{
		"n01440764": 0, "N01484850": 1, "n01440764-tench": 0, "n01484850_anything": 1, "n99999999": Unlabelled, "n99999999_tench": 0,
		"Tench": 0, "tinca_tinca": 0, "tench, Tinca tinca": 0, "great_white_shark": 1, "White Shark": 1, "great-white_shark": 1,
		"crane": 2, "crane, machine": 3, "machine": Unlabelled, "t shirt": 4, "9": 9, "007": 7,
		"000_tench": 0, "001.Great_white_shark": 1, "1. crane": 2, "12 cod": Unlabelled, "": Unlabelled, "-": Unlabelled, "other": Unlabelled,
	} {
		require.Equal(t, want, n.class(name), name)
	}
}

// TestWordNetFolders: without ids of the classes, a list that has the network's
// labels decides, then the order of the folders if there is one for each class.
func TestWordNetFolders(t *testing.T) {
	above := t.TempDir()
	dir := filepath.Join(above, "val")
	write(t, filepath.Join(dir, "n01440764/a.png"), 1)
	write(t, filepath.Join(dir, "n01443537/b.png"), 1)
	classes := Classes{Count: 2, Names: []string{"goldfish", "tench"}}

	got, f := listed(t, dir, Classes{Count: 2, Names: classes.Names, IDs: []string{"n01443537", "n01440764"}})
	require.Equal(t, map[string]int{"a.png": 1, "b.png": 0}, got)
	require.Empty(t, f.Notes)

	got, f = listed(t, dir, classes)
	require.Equal(t, map[string]int{"a.png": 0, "b.png": 1}, got)
	require.Len(t, f.Notes, 1)
	require.Contains(t, f.Notes[0], "n01440764 is assumed to be class 0, … n01443537 for class 1")

	got, f = listed(t, dir, Classes{Count: 2, Names: []string{"n01443537", "n01440764"}}) // labels that are ids
	require.Equal(t, map[string]int{"a.png": 1, "b.png": 0}, got)
	require.Empty(t, f.Notes)

	list := filepath.Join(above, "synset_words.txt")
	require.NoError(t, os.WriteFile(list, []byte("n01443537 goldfish\nn01440764 tench\n"), 0o644))
	got, f = listed(t, dir, classes)
	require.Equal(t, map[string]int{"a.png": 1, "b.png": 0}, got)
	require.Equal(t, []string{"the folders' WordNet ids are those of " + list + ", which has the network's labels"}, f.Notes)

	got, f = listed(t, dir, Classes{Count: 3, Names: []string{"a", "b", "c"}})
	require.Equal(t, map[string]int{"a.png": Unlabelled, "b.png": Unlabelled}, got)
	require.Empty(t, f.Notes)
	require.Contains(t, f.Warning(), "the class of 2 of 2 pictures is unknown")
	require.Contains(t, f.Warning(), "use -labels with a file that has them")

	c := Classes{Count: 3, Names: []string{"a", "b", "c"}}
	_, err := c.Label(list)
	require.ErrorContains(t, err, "synset_words.txt: 2 labels for 3 classes")
	c = Classes{Count: 2, Names: []string{"goldfish", "cod"}}
	notes, err := c.Label(list)
	require.NoError(t, err)
	require.Equal(t, []string{`class 1 is "tench" in ` + list + `, but "cod" in the network`}, notes)
	require.Equal(t, []string{"n01443537", "n01440764"}, c.IDs)
}

// TestHidden: hidden files and folders are not read, except if they are the root.
func TestHidden(t *testing.T) {
	dir := filepath.Join(t.TempDir(), ".pictures")
	write(t, filepath.Join(dir, "0/a.png"), 1)
	write(t, filepath.Join(dir, "0/._a.png"), 2)
	write(t, filepath.Join(dir, ".1/b.png"), 1)
	require.NoError(t, os.Symlink(filepath.Join(dir, ".1"), filepath.Join(dir, "1")))
	got, f := listed(t, dir, Classes{})
	require.Equal(t, map[string]int{"a.png": 0, "b.png": 1}, got)
	require.Empty(t, f.Notes)
}

// TestLinks: links to folders are followed once, and links to a parent folder
// never.
func TestLinks(t *testing.T) {
	store, dir := t.TempDir(), t.TempDir()
	write(t, filepath.Join(store, "x/deep/a.png"), 1)
	write(t, filepath.Join(store, "y/b.png"), 1)
	write(t, filepath.Join(dir, "3/c.png"), 1)
	for name, target := range map[string]string{
		"1":         filepath.Join(store, "x"),
		"2":         filepath.Join(store, "y"),
		"4":         filepath.Join(store, "y"), // again
		"0":         "3",                       // also reached without a link
		"3/loop":    "..",
		"3/self":    ".",
		"3/d.png":   "c.png",
		"3/e.png":   filepath.Join(store, "y"), // a folder, whatever its name
		"3/missing": "nowhere",
	} {
		require.NoError(t, os.Symlink(target, filepath.Join(dir, name)))
	}
	require.NoError(t, os.Symlink(store, filepath.Join(store, "x/deep/up")))
	got, f := listed(t, dir, Classes{})
	require.Equal(t, map[string]int{"a.png": 1, "b.png": 2, "c.png": 3, "d.png": 3}, got)
	require.Len(t, f.Items, 4)
	require.Len(t, f.Notes, 1)
	require.Contains(t, f.Notes[0], "not followed: 6 symbolic links to folders that are read already or contain the link, for example 3/loop")
	require.Equal(t, filepath.Join(dir, "1/deep/a.png"), f.Items[0].Path)

	link := filepath.Join(t.TempDir(), "link")
	require.NoError(t, os.Symlink(dir, link))
	got, _ = listed(t, link, Classes{})
	require.Len(t, got, 4)
}

// TestOrder: the order is that of a walk, where the folder "a" precedes "a-b".
func TestOrder(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a/z.png", "a-b/y.png", "a.png", "B/x.png"} {
		write(t, filepath.Join(dir, name), 1)
	}
	_, f := listed(t, dir, Classes{})
	var order []string
	for _, item := range f.Items {
		order = append(order, filepath.Base(item.Path))
	}
	require.Equal(t, []string{"x.png", "z.png", "y.png", "a.png"}, order)
}

// TestKinds: pictures of kinds that are not read are counted, by their endings or
// their first bytes.
func TestKinds(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{
		"a.jfif": "", "b.JPE": "", "c.webp": "", "d.WebP": "", "e.tif": "", "f.heic": "", "g.txt": "text",
		"h": "\xff\xd8\xff\xe0", "i.bak": "\x89PNG\r\n\x1a\n", "j.bin": "RIFF\x00\x00\x00\x00WEBPVP8 ", "k": "",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644))
	}
	got, f := listed(t, dir, Classes{})
	require.Equal(t, map[string]int{"a.jfif": Unlabelled, "b.JPE": Unlabelled}, got)
	require.Len(t, f.Notes, 1)
	require.Contains(t, f.Notes[0], "left out: 1 file .bak (PNG), 1 file .bin (WebP), 1 file .heic, 1 file .tif, 2 files .webp, 1 file without ending (JPEG); ")

	only := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(only, "a.avif"), nil, 0o644))
	_, err := List(only, Classes{})
	require.ErrorContains(t, err, "contains no pictures (.jpg")
	require.ErrorContains(t, err, "left out: 1 file .avif")
}

// FuzzCSV: any text is rejected or lists files with a class.
func FuzzCSV(f *testing.F) {
	for _, seed := range []string{"file,label\na.png,3\n", "\ufeff\"a b\";1\n", "/a\ttench\r\n", "a\\b,2.0\n"} {
		f.Add([]byte(seed))
	}
	n := newNames(Classes{Count: 1, Names: []string{"tench, Tinca tinca"}, IDs: []string{"n01440764"}})
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, data []byte) {
		items, err := parseCSV(data, dir, n)
		if err != nil {
			return
		}
		for _, item := range items {
			require.GreaterOrEqual(t, item.Label, 0)
			require.True(t, filepath.IsAbs(item.Path))
		}
	})
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
