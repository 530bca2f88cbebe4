package main

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// added maps synsets to additional hypernyms. They join what people looking at a picture
// consider one kind of thing.
var added = map[string]string{
	"04019101": "04524313", // public transport (bus, train) is a vehicle, not only a conveyance
	"07555863": "00021265", // solid food (fruit, bread) is food
	"03380867": "03381126", // footwear as covering (shoes) is footwear as clothing (socks)
}

// tooGeneral lists synsets whose words say nothing about a picture. newTable removes
// synsets with more than half of the classes anyway.
var tooGeneral = []string{
	"00002137", // abstraction
	"00031921", // relation
	"00033020", // communication
	"00007347", // causal agent
	"14778436", // agent
	"00020827", // matter
	"00020090", // substance
	"00019613", // substance
	"15046900", // solid
	"14939900", // fluid
	"13809207", // part, portion
	"03892891", // part, portion
	"03932203", // piece
	"00022903", // article
	"04377057", // system
	"00019128", // natural object
	"03575240", // instrumentality
}

// usualSenses is the highest rank of a meaning with which a word other than the first of a
// synset names its group: "car" usually means an automobile, but "wood" rarely a woodwind.
const usualSenses = 2

// table is the content of the generated file.
type table struct {
	classes []string // the first word of each
	groups  []group  // sorted by name
}

type group struct {
	names   []string // the main name first
	members []int    // ascending
}

// newTable returns the groups of classes, which are given by the offsets of their synsets.
func newTable(w *wordnet, classes []string) (*table, error) {
	t := &table{}
	members := map[string][]int{} // of each synset, ascending
	for class, offset := range classes {
		s := w.synsets[offset]
		if s == nil {
			return nil, fmt.Errorf("class %d: WordNet has no synset %s; only version 3.0 has the offsets of ImageNet", class, offset)
		}
		t.classes = append(t.classes, s.lemmas[0])
		above := map[string]bool{}
		if err := w.climb(offset, above); err != nil {
			return nil, err
		}
		for a := range above {
			members[a] = append(members[a], class)
		}
	}
	maps.DeleteFunc(members, func(offset string, list []int) bool {
		return len(list) < 2 || len(list) > len(classes)/2 || slices.Contains(tooGeneral, offset)
	})
	t.groups = w.name(members, w.owners(members, classes))
	return t, nil
}

// climb adds a synset and all its direct and indirect hypernyms to a set.
func (w *wordnet) climb(offset string, above map[string]bool) error {
	if above[offset] {
		return nil
	}
	above[offset] = true
	s := w.synsets[offset]
	if s == nil {
		return fmt.Errorf("data.noun has a pointer to a missing synset %s", offset)
	}
	for _, hypernym := range s.hypernyms {
		if err := w.climb(hypernym, above); err != nil {
			return err
		}
	}
	if hypernym, ok := added[offset]; ok && w.synsets[hypernym] != nil {
		return w.climb(hypernym, above)
	}
	return nil
}

// claim is a synset's claim to a word.
type claim struct {
	offset string
	sense  int
}

// owners maps each word, in lower case, to the synset whose group it names: of several the
// one for which the meaning is most frequent. A word of a class that is not in the group
// names the group only in its most frequent meaning: "racer", also a car, would otherwise
// name the greyhounds.
func (w *wordnet) owners(members map[string][]int, classes []string) map[string]claim {
	ofClasses := map[string][]int{}
	for class, offset := range classes {
		for _, word := range w.synsets[offset].lemmas {
			ofClasses[strings.ToLower(word)] = append(ofClasses[strings.ToLower(word)], class)
		}
	}
	owners := map[string]claim{}
	for _, offset := range slices.Sorted(maps.Keys(members)) {
		for i, word := range w.synsets[offset].lemmas {
			word = strings.ToLower(word)
			c := claim{offset, w.sense(word, offset)}
			outside := slices.ContainsFunc(ofClasses[word], func(class int) bool { return !slices.Contains(members[offset], class) })
			if i > 0 && c.sense > usualSenses || outside && c.sense > 1 {
				continue
			}
			if best, taken := owners[word]; c.sense > 0 && (!taken || c.sense < best.sense) {
				owners[word] = c
			}
		}
	}
	return owners
}

// name returns the named groups of synsets. Synsets with the same members are one group,
// named by the most specific one. A group that owns no word is named by the first word of
// its synset if that is free, and omitted otherwise.
func (w *wordnet) name(members map[string][]int, owners map[string]claim) []group {
	bySet := map[string][]string{} // offsets of the synsets with the same members
	for _, offset := range slices.Sorted(maps.Keys(members)) {
		key := ranges(members[offset])
		bySet[key] = append(bySet[key], offset)
	}
	var groups []group
	for _, key := range slices.Sorted(maps.Keys(bySet)) {
		offsets := bySet[key]
		slices.SortStableFunc(offsets, func(a, b string) int { return cmp.Compare(w.depth(b), w.depth(a)) })
		g := group{members: members[offsets[0]]}
		for _, offset := range offsets {
			for _, word := range w.synsets[offset].lemmas {
				if owners[strings.ToLower(word)].offset == offset {
					g.names = append(g.names, word)
				}
			}
		}
		// A word in a rare meaning is better than no group.
		if word := w.synsets[offsets[0]].lemmas[0]; len(g.names) == 0 && owners[strings.ToLower(word)].sense == 0 {
			g.names = []string{word}
			owners[strings.ToLower(word)] = claim{offsets[0], w.sense(word, offsets[0])}
		}
		if len(g.names) > 0 {
			groups = append(groups, g)
		}
	}
	slices.SortFunc(groups, func(a, b group) int {
		return cmp.Or(cmp.Compare(strings.ToLower(a.names[0]), strings.ToLower(b.names[0])), cmp.Compare(a.names[0], b.names[0]))
	})
	return groups
}

// depth returns the number of hypernyms of a synset, direct and indirect, plus one.
func (w *wordnet) depth(offset string) int {
	above := map[string]bool{}
	_ = w.climb(offset, above) // cannot fail: newTable has climbed all synsets
	return len(above)
}

const header = `# Groups of the thousand ImageNet classes by the hierarchy of WordNet 3.0.
# WordNet 3.0 Copyright 2006 by Princeton University. All rights reserved. The
# licence is text C of the file NOTICE. "make groups" writes this file.
#
# First the first word of each class, in order. Then, after an empty line, the
# groups: name, further names, and the numbers of their classes.
`

// text returns the content of the file.
func (t *table) text() []byte {
	var b bytes.Buffer
	b.WriteString(header)
	for _, word := range t.classes {
		fmt.Fprintln(&b, word)
	}
	fmt.Fprintln(&b)
	for _, g := range t.groups {
		fmt.Fprintf(&b, "%s: %s\n", strings.Join(g.names, ", "), ranges(g.members))
	}
	return b.Bytes()
}

// ranges formats ascending numbers such as "3 7-9".
func ranges(numbers []int) string {
	var b strings.Builder
	for i := 0; i < len(numbers); {
		last := i
		for last+1 < len(numbers) && numbers[last+1] == numbers[last]+1 {
			last++
		}
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(strconv.Itoa(numbers[i]))
		if last > i {
			b.WriteString("-" + strconv.Itoa(numbers[last]))
		}
		i = last + 1
	}
	return b.String()
}
