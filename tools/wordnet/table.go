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

// added are hypernyms that WordNet lacks for this purpose: what they join is one
// thing to somebody who looks at a picture.
var added = map[string]string{
	"04019101": "04524313", // public transport (bus, train) is a vehicle, not only a conveyance
	"07555863": "00021265", // solid food (fruit, bread) is food
	"03380867": "03381126", // footwear that covers feet (shoes) and that is clothing (socks) are one
}

// tooGeneral are synsets whose words say nothing about a picture. Those with more
// than half of the classes need no mention.
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

// usualSenses is the rank up to which a further word of a synset names its
// group: "car" is first of all an automobile, but "wood" hardly ever a woodwind.
const usualSenses = 2

// table is what the file says.
type table struct {
	classes []string // the first word of each
	groups  []group  // sorted by name
}

type group struct {
	names   []string // the first is the group's own
	members []int    // ascending
}

// newTable finds the groups of the classes, which are offsets of synsets.
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

// climb adds a synset and all above it to a set.
func (w *wordnet) climb(offset string, above map[string]bool) error {
	if above[offset] {
		return nil
	}
	above[offset] = true
	s := w.synsets[offset]
	if s == nil {
		return fmt.Errorf("data.noun has a pointer to the synset %s, which it lacks", offset)
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

// owners maps each word, in lower case, to the synset whose group it names: of
// several the one with the most frequent meaning. A word of a class outside, such as
// "racer", a car, names a group, here greyhounds, only in its most frequent meaning.
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

// name makes groups of synsets with their members. Synsets with the same members
// are one group, under the name of the most specific. A group that owns no word
// gets the first of its own, if that is free, and is else left out.
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
		// Better a word in a rare meaning than no group.
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

// depth returns the number of synsets above one.
func (w *wordnet) depth(offset string) int {
	above := map[string]bool{}
	_ = w.climb(offset, above) // newTable has climbed all
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

// ranges writes ascending numbers as "3 7-9".
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
