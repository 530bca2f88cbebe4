// Package dataset reads labelled pictures to train on: one folder per class, or a
// labels.csv. It finds broken files, copies and near-duplicates, and splits the
// pictures into those to train on and those to validate with.
package dataset

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"halfmeg/tools/internal/pictures"
)

// Set is a set of labelled pictures.
type Set struct {
	Classes []string
	Items   []Item
	Split   bool     // the folder states which pictures are for validation: it has train/ and val/ or the like
	Notes   []string // lines about what was skipped
	// Warnings are lines about what makes the result worse or less certain.
	Warnings []string
}

// Item is a picture.
type Item struct {
	Path       string
	Class      int
	Validation bool

	bytes [sha256.Size]byte // hash of the file
	look  uint64            // see differenceHash
}

// trainFolder and validationFolders are the names of folders that state the split. The
// first of the latter that is there is taken.
const trainFolder = "train"

var validationFolders = []string{"val", "valid", "validation", "test"}

// None is the conventional name of a class of pictures without anything of
// interest. edge reports no event for it.
const None = "none"

// List lists the pictures below a folder. classes are the names of the classes in
// their order; nil means all, in the order of numbers in names and of letters.
func List(dir string, classes []string) (*Set, error) {
	info, err := os.Stat(dir)
	switch {
	case err != nil:
		return nil, err
	case !info.IsDir():
		return nil, fmt.Errorf("%s is a file; expected a folder with one folder of pictures per class", dir)
	}
	s := &Set{}
	if table := filepath.Join(dir, "labels.csv"); exists(table) {
		err = s.readTable(table, classes)
	} else {
		err = s.readFolders(dir, classes)
	}
	if err != nil {
		return nil, err
	}
	return s, s.checkClasses(dir)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// readTable reads labels.csv.
func (s *Set) readTable(path string, classes []string) error {
	rows, err := pictures.ReadRows(path)
	if err != nil {
		return err
	}
	names, seen := map[string]int{}, map[string]string{}
	var missing []string
	for _, row := range rows {
		names[row.Label]++
		if label, listed := seen[row.Path]; listed {
			return fmt.Errorf("%s lists %s twice, as %q and as %q: delete one of the lines", path, row.Path, label, row.Label)
		}
		seen[row.Path] = row.Label
		if !exists(row.Path) {
			missing = append(missing, row.Path)
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("%s lists %s, the first %s: correct the paths, which start at the folder of labels.csv, or delete the lines",
			path, plural(len(missing), "missing file"), missing[0])
	}
	if s.Classes, err = choose(slices.Collect(maps.Keys(names)), classes); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	for _, row := range rows {
		if class := slices.Index(s.Classes, row.Label); class >= 0 {
			s.Items = append(s.Items, Item{Path: row.Path, Class: class})
		}
	}
	return nil
}

// readFolders reads one folder per class: in train/ and val/, in train/ alone, or directly.
func (s *Set) readFolders(dir string, classes []string) error {
	inside, err := folders(dir)
	if err != nil {
		return err
	}
	train, val := filepath.Join(dir, trainFolder), ""
	within, _ := folders(train) // none if there is no such folder
	if i := slices.IndexFunc(validationFolders, func(name string) bool { return slices.Contains(inside, name) }); i >= 0 {
		val = filepath.Join(dir, validationFolders[i])
	}
	switch {
	case len(within) == 0 || val == "" && len(inside) > 1: // train is a class
		return s.readClasses(dir, classes, false)
	case val == "":
		return s.readClasses(train, classes, false)
	}
	for _, name := range inside {
		if folder := filepath.Join(dir, name); folder != train && folder != val {
			s.Notes = append(s.Notes, fmt.Sprintf("%s is not used: the pictures are those of %s and %s", folder, train, val))
		}
	}
	s.Split = true
	if err := s.readClasses(train, classes, false); err != nil {
		return err
	}
	names := s.Classes
	if err := s.readClasses(val, nil, true); err != nil {
		return err
	}
	if classes == nil {
		for _, name := range s.Classes {
			if !slices.Contains(names, name) {
				return fmt.Errorf("the class %q has pictures in %s but none in %s: move some of them there, or delete the folder", name, val, train)
			}
		}
	}
	s.renumber(names)
	return nil
}

// folders lists the folders in a folder that are not hidden.
func folders(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	var names []string
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") && isDir(filepath.Join(dir, e.Name())) {
			names = append(names, e.Name())
		}
	}
	return names, err
}

// renumber numbers the classes of the validation pictures like those of the others.
func (s *Set) renumber(names []string) {
	kept := s.Items[:0]
	for _, item := range s.Items {
		if item.Validation {
			item.Class = slices.Index(names, s.Classes[item.Class])
		}
		if item.Class >= 0 {
			kept = append(kept, item)
		}
	}
	s.Items, s.Classes = kept, names
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// readClasses reads one folder per class.
func (s *Set) readClasses(dir string, classes []string, validation bool) error {
	names, err := folders(dir)
	if err != nil {
		return err
	}
	if len(names) == 0 {
		return fmt.Errorf("%s has no folders: put the pictures of each class into a folder with the name of the class, such as %s",
			dir, filepath.Join(dir, "cat", "1.jpg"))
	}
	if s.Classes, err = choose(names, classes); err != nil {
		return fmt.Errorf("%s: %w", dir, err)
	}
	folder, err := pictures.List(dir, pictures.Classes{})
	if err != nil {
		return err
	}
	s.Notes = append(s.Notes, folder.Notes...)
	outside := 0
	for _, item := range folder.Items {
		within, err := filepath.Rel(folder.Dir, item.Path)
		if err != nil {
			return err
		}
		name, _, nested := strings.Cut(filepath.ToSlash(within), "/")
		class := slices.Index(s.Classes, name)
		switch {
		case !nested:
			outside++
		case class >= 0:
			s.Items = append(s.Items, Item{Path: item.Path, Class: class, Validation: validation})
		}
	}
	if outside > 0 {
		s.Warnings = append(s.Warnings, fmt.Sprintf("%s in %s skipped: in no class folder", plural(outside, "picture"), dir))
	}
	return nil
}

// choose returns the classes to train in their order.
func choose(found, wanted []string) ([]string, error) {
	slices.SortFunc(found, compareNatural)
	folded := map[string]string{}
	for _, name := range found {
		if other, taken := folded[strings.ToLower(name)]; taken {
			return nil, fmt.Errorf("the classes %q and %q differ only in case: rename one", other, name)
		}
		folded[strings.ToLower(name)] = name
	}
	if wanted == nil {
		return found, nil
	}
	for i, name := range wanted {
		switch {
		case !slices.Contains(found, name):
			return nil, fmt.Errorf("no class %q; there are %s", name, strings.Join(found, ", "))
		case slices.Contains(wanted[:i], name):
			return nil, fmt.Errorf("-classes names %q twice", name)
		}
	}
	return wanted, nil
}

// compareNatural orders names by letters, and numbers in them by value: 2 before 10.
func compareNatural(a, b string) int {
	for a != "" && b != "" {
		i, j := digits(a), digits(b)
		if i > 0 && j > 0 {
			x, y := strings.TrimLeft(a[:i], "0"), strings.TrimLeft(b[:j], "0")
			if c := len(x) - len(y); c != 0 {
				return c
			}
			if c := strings.Compare(x, y); c != 0 {
				return c
			}
			a, b = a[i:], b[j:]
			continue
		}
		if a[0] != b[0] {
			return int(a[0]) - int(b[0])
		}
		a, b = a[1:], b[1:]
	}
	return len(a) - len(b)
}

// digits returns the length of the number at the beginning of a name.
func digits(name string) int {
	return len(name) - len(strings.TrimLeft(name, "0123456789"))
}

// checkClasses verifies that there are classes with pictures.
func (s *Set) checkClasses(dir string) error {
	counts := s.Counts(false)
	for class, n := range s.Counts(true) {
		counts[class] += n
	}
	switch len(s.Classes) {
	case 0:
		return fmt.Errorf("%s has no classes", dir)
	case 1:
		return fmt.Errorf("%s has only the class %q: a network needs at least two; add pictures that show something else, for example as a class named %s",
			dir, s.Classes[0], None)
	}
	for class, n := range counts {
		if n == 0 {
			return fmt.Errorf("the class %q has no pictures: add some to its folder, or delete the folder", s.Classes[class])
		}
	}
	for class, n := range s.Counts(false) {
		if s.Split && n == 0 {
			return fmt.Errorf("the class %q has no pictures in %s: move some of its validation pictures there", s.Classes[class], trainFolder)
		}
	}
	return nil
}

// Counts returns the number of pictures of each class, of those for training or
// for validation.
func (s *Set) Counts(validation bool) []int {
	counts := make([]int, len(s.Classes))
	for _, item := range s.Items {
		if item.Validation == validation {
			counts[item.Class]++
		}
	}
	return counts
}

// Part returns the pictures for training, or those for validation.
func (s *Set) Part(validation bool) []Item {
	return slices.DeleteFunc(slices.Clone(s.Items), func(i Item) bool { return i.Validation != validation })
}

// Fingerprint identifies the classes, the pictures, their order and the split, wherever the
// folder is.
func (s *Set) Fingerprint() string {
	var lines []string
	for _, item := range s.Items {
		lines = append(lines, fmt.Sprintf("%x %d %v", item.bytes, item.Class, item.Validation))
	}
	sum := sha256.Sum256([]byte(strings.Join(s.Classes, "\x00") + "\n" + strings.Join(lines, "\n")))
	return hex.EncodeToString(sum[:])
}

var errNoneLeft = errors.New("no pictures are left")

// plural formats a count with its noun.
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
