// Package pictures reads folders of pictures for the desktop tools: it lists the
// files and their classes, and prepares them as inputs of a network. A folder
// contains labels.csv (lines "file,label"), one folder per class, or only
// pictures.
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

// Unlabelled is the label of a picture whose class is unknown.
const Unlabelled = -1

// Item is a picture file.
type Item struct {
	Path  string
	Label int // class, or Unlabelled
}

// Folder is a folder of pictures, in the order of labels.csv or in lexical order.
type Folder struct {
	Dir   string
	Items []Item
}

// Labelled returns the pictures whose class is known.
func (f *Folder) Labelled() []Item {
	return slices.DeleteFunc(slices.Clone(f.Items), func(i Item) bool { return i.Label == Unlabelled })
}

// Warning returns a line about the pictures whose class is unknown, with an
// example. It is empty if all or none are labelled.
func (f *Folder) Warning() string {
	known := len(f.Labelled())
	if known == 0 || known == len(f.Items) {
		return ""
	}
	first := slices.IndexFunc(f.Items, func(i Item) bool { return i.Label == Unlabelled })
	return fmt.Sprintf("the class of %d of %d pictures is unknown, for example %s; name class folders by the name or number of the class",
		len(f.Items)-known, len(f.Items), f.Items[first].Path)
}

// extensions are those of the files that count as pictures if there is no
// labels.csv.
var extensions = []string{".jpg", ".jpeg", ".png", ".gif", ".bmp"}

// List lists the pictures of a folder. classes are the labels of the network: a
// folder named after one of them, or by a number, contains pictures of that class.
func List(dir string, classes []string) (*Folder, error) {
	dir, err := filepath.EvalSymlinks(dir) // WalkDir does not follow a symbolic link at its root
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(dir)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("%s is a file; expected a folder of pictures", dir)
	}
	f := &Folder{Dir: dir}
	csvPath := filepath.Join(dir, "labels.csv")
	if _, err := os.Stat(csvPath); err == nil {
		f.Items, err = readCSV(csvPath)
		if err != nil {
			return nil, err
		}
	} else if f.Items, err = walk(dir, classes); err != nil {
		return nil, err
	}
	if len(f.Items) == 0 {
		return nil, fmt.Errorf("%s contains no pictures (%s, or a labels.csv that lists them)", dir, strings.Join(extensions, " "))
	}
	return f, nil
}

// readCSV reads labels.csv: lines "file,label" after an optional header.
func readCSV(path string) ([]Item, error) {
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
			continue // the header
		}
		label, err := strconv.Atoi(strings.TrimSpace(row[1]))
		if err != nil || label < 0 {
			return nil, fmt.Errorf("%s: row %d: label %q is not a class number", path, i+1, row[1])
		}
		if seen[row[0]] {
			return nil, fmt.Errorf("%s: row %d: %s is listed twice", path, i+1, row[0])
		}
		seen[row[0]] = true
		items = append(items, Item{filepath.Join(filepath.Dir(path), filepath.FromSlash(row[0])), label})
	}
	return items, nil
}

// walk lists every picture below dir. The first folder of its relative path is its
// class.
func walk(dir string, classes []string) ([]Item, error) {
	numbers := classNumbers(classes)
	var items []Item
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !slices.Contains(extensions, strings.ToLower(filepath.Ext(path))) {
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

// classNumbers maps the full label of each class and its first synonym, in lower
// case, to its number.
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

// Check verifies that the labels exist in a network with the given number of
// classes.
func (f *Folder) Check(classes int) error {
	for _, i := range f.Items {
		if i.Label >= classes {
			return fmt.Errorf("%s is of class %d, but the network has only %d classes", i.Path, i.Label, classes)
		}
	}
	return nil
}

var errNoneReadable = errors.New("none of the pictures can be read")
