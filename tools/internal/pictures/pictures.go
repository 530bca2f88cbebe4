// Package pictures reads folders of pictures for the desktop tools: which
// files there are, which class each shows, and what each looks like to a
// network. A folder holds labels.csv (lines "file,label") or one folder a
// class, or just pictures.
package pictures

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Unlabelled is the label of a picture whose class is not known.
const Unlabelled = -1

// Item is one picture file.
type Item struct {
	Path  string
	Label int // class, or Unlabelled
}

// Folder is the pictures below a folder, in an order that does not depend on
// the machine.
type Folder struct {
	Dir   string
	Items []Item
}

// Labelled lists the pictures whose class is known.
func (f *Folder) Labelled() []Item {
	return slices.DeleteFunc(slices.Clone(f.Items), func(i Item) bool { return i.Label == Unlabelled })
}

// Warning says in a line how many pictures have no known class, and shows one
// of them; it is empty where all or none are labelled.
func (f *Folder) Warning() string {
	known := len(f.Labelled())
	if known == 0 || known == len(f.Items) {
		return ""
	}
	first := slices.IndexFunc(f.Items, func(i Item) bool { return i.Label == Unlabelled })
	return fmt.Sprintf("%d of %d pictures have no known class, for example %s; a class folder is named by the class's name or number",
		len(f.Items)-known, len(f.Items), f.Items[first].Path)
}

// endings of the files that count as pictures where no list names them.
var endings = []string{".jpg", ".jpeg", ".png", ".gif", ".bmp"}

// List finds the pictures of a folder. classes is the labels of the network,
// by which folders named after classes are recognised; a folder named with a
// number is that class.
func List(dir string, classes []string) (*Folder, error) {
	dir, err := filepath.EvalSymlinks(dir) // a walk does not follow a link at its root
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(dir)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("%s is a file; a folder of pictures is wanted", dir)
	}
	f := &Folder{Dir: dir}
	csvPath := filepath.Join(dir, "labels.csv")
	if _, err := os.Stat(csvPath); err == nil {
		f.Items, err = readList(csvPath)
		if err != nil {
			return nil, err
		}
	} else if f.Items, err = walk(dir, classes); err != nil {
		return nil, err
	}
	if len(f.Items) == 0 {
		return nil, fmt.Errorf("%s holds no pictures (%s, or a labels.csv that names them)", dir, strings.Join(endings, " "))
	}
	return f, nil
}

// readList reads labels.csv: file,label with a heading.
func readList(path string) ([]Item, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	r := csv.NewReader(file)
	r.FieldsPerRecord = 2
	rows, err := r.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(rows) > 0 {
		rows[0][0] = strings.TrimPrefix(rows[0][0], "\ufeff") // a byte order mark
	}
	var items []Item
	seen := map[string]bool{}
	for i, row := range rows {
		if i == 0 && strings.EqualFold(row[0], "file") {
			continue // the heading
		}
		label, err := strconv.Atoi(strings.TrimSpace(row[1]))
		if err != nil || label < 0 {
			return nil, fmt.Errorf("%s: row %d: label %q is not a class number", path, i+1, row[1])
		}
		if seen[row[0]] {
			return nil, fmt.Errorf("%s: row %d: %s stands there twice", path, i+1, row[0])
		}
		seen[row[0]] = true
		items = append(items, Item{filepath.Join(filepath.Dir(path), filepath.FromSlash(row[0])), label})
	}
	return items, nil
}

// walk takes every picture below dir; the first folder on its way is its class.
func walk(dir string, classes []string) ([]Item, error) {
	numbers := classNumbers(classes)
	var items []Item
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !slices.Contains(endings, strings.ToLower(filepath.Ext(path))) {
			return err
		}
		within, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		items = append(items, Item{path, classOf(filepath.ToSlash(within), numbers)})
		return nil
	})
	return items, err
}

func classOf(within string, numbers map[string]int) int {
	folder, _, nested := strings.Cut(within, "/")
	if !nested {
		return Unlabelled
	}
	if n, ok := numbers[strings.ToLower(folder)]; ok {
		return n
	}
	if n, err := strconv.Atoi(folder); err == nil && n >= 0 {
		return n
	}
	return Unlabelled
}

// classNumbers maps a class's whole label and its first synonym to its number.
func classNumbers(classes []string) map[string]int {
	numbers := map[string]int{}
	for i, label := range classes {
		first, _, _ := strings.Cut(label, ",")
		for _, n := range []string{strings.ToLower(label), strings.ToLower(first)} {
			if _, taken := numbers[n]; !taken {
				numbers[n] = i
			}
		}
	}
	return numbers
}

// Check tells whether the labels fit a network of so many classes.
func (f *Folder) Check(classes int) error {
	for _, i := range f.Items {
		if i.Label >= classes {
			return fmt.Errorf("%s is of class %d, but the network has only %d classes", i.Path, i.Label, classes)
		}
	}
	return nil
}

// ErrNone is returned where not one picture could be read.
var ErrNone = errors.New("not one of the pictures could be read")
