package pictures

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"halfmeg/quant/labels"
)

// Classes are the classes of a network, by which folders are recognised.
type Classes struct {
	Count int
	Names []string // labels, or none
	IDs   []string // WordNet ids, empty where there is none; nil if none is known
}

// names maps the names that a folder of pictures may have to classes.
type names struct {
	exact map[string]int // by the name in lower case
	loose map[string]int // by the simplified name
}

// ambiguous is the class of a synonym of several classes.
const ambiguous = -2

// newNames maps the id, the full label and the first synonym of each class. The
// first class with a name has it. Other synonyms count if one class has them.
func newNames(c Classes) *names {
	n := &names{map[string]int{}, map[string]int{}}
	for i, id := range c.IDs {
		if id != "" {
			n.add(id, i)
		}
	}
	for i, label := range c.Names {
		first, _, _ := strings.Cut(label, ",")
		n.add(label, i)
		n.add(first, i)
	}
	synonyms := map[string]int{}
	for i, label := range c.Names {
		for _, s := range strings.Split(label, ",") {
			s = simplify(s)
			if other, taken := synonyms[s]; taken && other != i {
				synonyms[s] = ambiguous
			} else {
				synonyms[s] = i
			}
		}
	}
	for s, i := range synonyms {
		if _, taken := n.loose[s]; !taken && i != ambiguous && s != "" {
			n.loose[s] = i
		}
	}
	return n
}

// add maps a name to a class, unless an earlier class has it.
func (n *names) add(name string, class int) {
	if _, taken := n.exact[strings.ToLower(name)]; !taken {
		n.exact[strings.ToLower(name)] = class
	}
	if _, taken := n.loose[simplify(name)]; !taken {
		n.loose[simplify(name)] = class
	}
}

// simplify makes names equal that differ only in case, underscores or dashes:
// great_white_shark.
func simplify(name string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return strings.ContainsRune(" _-\t", r) }), " ")
}

// numberedName matches a folder's name with a number or an id in front of the
// name: "001.tench", "n01440764_tench".
var numberedName = regexp.MustCompile(`^(?:\d+|(n\d{8}))[ ._-]+(.+)$`)

// class returns the class of a folder or of a label in labels.csv.
func (n *names) class(name string) int {
	if i, ok := n.exact[strings.ToLower(name)]; ok {
		return i
	}
	if i, err := strconv.Atoi(name); err == nil && i >= 0 {
		return i
	}
	candidates := []string{name}
	if m := numberedName.FindStringSubmatch(name); m != nil {
		candidates = append(candidates, m[1], m[2])
	}
	for _, c := range candidates {
		if i, ok := n.loose[simplify(c)]; ok && c != "" {
			return i
		}
	}
	return Unlabelled
}

// identify fills in the WordNet ids of the classes if folders are named by ids and
// none is known as id or label: from a list in the folder, or next to it, that has the network's
// labels; otherwise, if there is a folder for each class, by the order of the ids,
// which is that of ImageNet's classes.
func (f *Folder) identify(given string, folders []string, classes Classes) Classes {
	ids := slices.DeleteFunc(slices.Clone(folders), func(s string) bool { return !labels.IsID(s) })
	if classes.IDs != nil || len(ids) == 0 || slices.ContainsFunc(classes.Names, labels.IsID) {
		return classes
	}
	for _, dir := range []string{f.Dir, filepath.Dir(f.Dir), filepath.Dir(filepath.Clean(given))} {
		for _, name := range []string{"synset_words.txt", "LOC_synset_mapping.txt"} {
			l := agreeing(filepath.Join(dir, name), classes.Names)
			if l != nil {
				f.note("the folders' WordNet ids are those of %s, which has the network's labels", l.Path)
				classes.IDs = l.IDs
				return classes
			}
		}
	}
	if len(ids) == classes.Count {
		slices.Sort(ids)
		f.note("the folders are named by WordNet ids: %s is assumed to be class 0, … %s for class %d, in the order of the ids; use -labels with a file that has them if the network's order is another",
			ids[0], ids[len(ids)-1], len(ids)-1)
		classes.IDs = ids
	}
	return classes
}

// agreeing reads a file of labels. It returns nil unless the file has ids and the
// network's labels.
func agreeing(path string, names []string) *labels.List {
	if _, err := os.Stat(path); err != nil || len(names) == 0 {
		return nil
	}
	l, err := labels.Read(path)
	if err != nil || l.IDs == nil || !slices.Equal(l.Names, names) {
		return nil
	}
	return l
}

// Label sets the names and ids of the classes from a file of labels. It returns
// what that file's reader noted, and the first class that the file names
// otherwise.
func (c *Classes) Label(path string) (notes []string, err error) {
	l, err := labels.Read(path)
	if err != nil {
		return nil, err
	}
	if l, err = l.Fit(c.Count); err != nil {
		return nil, err
	}
	notes = l.Notes
	for i, name := range c.Names {
		if simplify(name) != simplify(l.Names[i]) {
			notes = append(notes, fmt.Sprintf("class %d is %q in %s, but %q in the network", i, l.Names[i], path, name))
			break
		}
	}
	c.Names, c.IDs = l.Names, l.IDs
	return notes, nil
}
