// Package pictures reads folders of pictures for the desktop tools: it lists the
// files and their classes, and prepares them as inputs of a network. A folder
// contains labels.csv (lines "file,label"), one folder per class, or only
// pictures.
package pictures

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
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
	// Notes are lines about what was left out or assumed.
	Notes []string

	leftOut map[string]int // number of files left out by kind
	byID    bool           // folders are named by WordNet ids that are not known
}

// Labelled returns the pictures whose class is known.
func (f *Folder) Labelled() []Item {
	return slices.DeleteFunc(slices.Clone(f.Items), func(i Item) bool { return i.Label == Unlabelled })
}

// Warning returns a line about the pictures whose class is unknown, with an
// example. It is empty if all are labelled, or none is and nothing hints at their
// classes.
func (f *Folder) Warning() string {
	known := len(f.Labelled())
	if known == len(f.Items) || known == 0 && !f.byID {
		return ""
	}
	first := slices.IndexFunc(f.Items, func(i Item) bool { return i.Label == Unlabelled })
	advice := "name class folders by the name or number of the class"
	if f.byID {
		advice = "folders are named by WordNet ids: use -labels with a file that has them, such as synset_words.txt"
	}
	return fmt.Sprintf("the class of %d of %d pictures is unknown, for example %s; %s",
		len(f.Items)-known, len(f.Items), f.Items[first].Path, advice)
}

// List lists the pictures of a folder. A folder in it that is named after one of
// the classes, or by a number, contains pictures of that class.
func List(dir string, classes Classes) (*Folder, error) {
	given := dir
	dir, err := filepath.EvalSymlinks(dir)
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
	f := &Folder{Dir: dir, leftOut: map[string]int{}}
	csvPath := filepath.Join(dir, "labels.csv")
	if _, err := os.Stat(csvPath); err == nil {
		f.Items, err = readCSV(csvPath, newNames(classes))
		if err != nil {
			return nil, err
		}
	} else if err = f.walk(given, classes); err != nil {
		return nil, err
	}
	if len(f.leftOut) > 0 {
		f.note("left out: %s; pictures are read from files that end in %s", f.countLeftOut(), strings.Join(extensions, " "))
	}
	if len(f.Items) == 0 {
		err := fmt.Errorf("%s contains no pictures (%s, or a labels.csv that lists them)", dir, strings.Join(extensions, " "))
		if len(f.leftOut) > 0 {
			err = fmt.Errorf("%w; left out: %s", err, f.countLeftOut())
		}
		return nil, err
	}
	return f, nil
}

func (f *Folder) note(format string, args ...any) {
	f.Notes = append(f.Notes, fmt.Sprintf(format, args...))
}

// countLeftOut returns a line such as "3 files .webp, 1 file without ending (JPEG)".
func (f *Folder) countLeftOut() string {
	var parts []string
	for _, kind := range slices.Sorted(maps.Keys(f.leftOut)) {
		files := "files"
		if f.leftOut[kind] == 1 {
			files = "file"
		}
		parts = append(parts, fmt.Sprintf("%d %s %s", f.leftOut[kind], files, kind))
	}
	return strings.Join(parts, ", ")
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
