// Package groups names sets of the thousand ImageNet classes, such as "dog" or
// "vehicle", by WordNet's hierarchy: a group is all classes that are a kind of the
// same thing.
//
// A group has the words of its WordNet synset as names. Where several synsets
// share a word, it names the most frequent meaning: "car" is an automobile, not a
// railway car. Left out are groups of one class, of more than half of all, and
// those whose word does not describe a picture, such as "substance". WordNet
// sorts by what a thing is, which is sometimes surprising: a tomato would be a
// fruit, and the only persons among the classes are ballplayer, groom and scuba
// diver.
package groups

import (
	_ "embed" // for the table
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"halfmeg/cmd/edge/internal/nearest"
)

// imagenet is the file that tools/wordnet writes.
//
//go:embed imagenet.txt
var imagenet string

// Table is the groups of a network's classes. It is safe for concurrent use;
// the zero value has no groups.
type Table struct {
	classes []string         // first word of each class
	names   []string         // sorted
	all     []string         // with the other names
	members map[string][]int // by folded name
}

var load = sync.OnceValue(func() *Table { return parse(imagenet) })

// Builtin returns the groups for a network with these labels. It has none unless
// they are the thousand ImageNet classes in their usual order: at least nine of
// ten labels must have the class's first word among their names, so that a few
// corrected labels are harmless.
func Builtin(labels []string) *Table {
	t := load()
	if len(labels) != len(t.classes) {
		return &Table{}
	}
	same := 0
	for class, label := range labels {
		for name := range strings.SplitSeq(label, ",") {
			if fold(name) == fold(t.classes[class]) {
				same++
				break
			}
		}
	}
	if 10*same < 9*len(labels) {
		return &Table{}
	}
	return t
}

// Find returns the classes of a group, ascending. Case does not count, and an
// underscore is a space.
func (t *Table) Find(name string) (classes []int, ok bool) {
	classes, ok = t.members[fold(name)]
	return slices.Clone(classes), ok
}

// Names returns the name of every group, sorted. Other names, which Find accepts
// too, are not included.
func (t *Table) Names() []string { return slices.Clone(t.names) }

// Nearest returns the name that is most like another, other names included, or
// "" if none is similar.
func (t *Table) Nearest(name string) string { return nearest.Of(fold(name), t.all) }

func fold(name string) string {
	return strings.ToLower(strings.TrimSpace(strings.ReplaceAll(name, "_", " ")))
}

// parse reads the table: comments, the first word of each class, an empty line,
// and groups such as "wolf, wolf dog: 269-272 274". It panics where the file is
// wrong, because it is part of the program.
func parse(text string) *Table {
	t := &Table{members: map[string][]int{}}
	head, body, _ := strings.Cut(text, "\n\n")
	for line := range strings.SplitSeq(head, "\n") {
		if !strings.HasPrefix(line, "#") {
			t.classes = append(t.classes, line)
		}
	}
	for line := range strings.Lines(body) {
		names, numbers, _ := strings.Cut(strings.TrimSpace(line), ": ")
		members := parseRanges(numbers)
		for i, name := range strings.Split(names, ", ") {
			if i == 0 {
				t.names = append(t.names, name)
			}
			t.all = append(t.all, name)
			t.members[fold(name)] = members
		}
	}
	return t
}

// parseRanges reads "3 7-9".
func parseRanges(text string) []int {
	var numbers []int
	for item := range strings.SplitSeq(text, " ") {
		first, last, ok := strings.Cut(item, "-")
		if !ok {
			last = first
		}
		for n := number(first); n <= number(last); n++ {
			numbers = append(numbers, n)
		}
	}
	return numbers
}

func number(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		panic(fmt.Sprintf("groups: imagenet.txt: %v", err))
	}
	return n
}
