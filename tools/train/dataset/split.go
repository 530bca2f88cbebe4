package dataset

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// validationShare is the part of each class that a split holds out.
const validationShare = 0.2

// Divide splits each class into pictures to train on and to validate with. Near-
// duplicates stay together. If the folder states the split, Divide only skips
// training pictures that resemble a validation picture. The error is a class without a
// training picture.
func (s *Set) Divide(seed uint64) error {
	if s.Split {
		s.separate()
	} else {
		for class := range s.Classes {
			s.divideClass(class, rand.New(rand.NewPCG(seed, uint64(class))))
		}
	}
	for class, n := range s.Counts(false) {
		if n == 0 {
			return fmt.Errorf("%w to train on of the class %q: those in %s are broken, or near-duplicates of validation pictures",
				errNoneLeft, s.Classes[class], trainFolder)
		}
	}
	var unmeasured []string
	for class, n := range s.Counts(true) {
		if n == 0 {
			unmeasured = append(unmeasured, s.Classes[class])
		}
	}
	if len(unmeasured) > 0 {
		s.Warnings = append(s.Warnings, fmt.Sprintf("no pictures to validate with of %s: the accuracy is not measured there", strings.Join(unmeasured, ", ")))
	}
	return nil
}

// separate skips training pictures that resemble a validation picture, of the
// split that the folder states.
func (s *Set) separate() {
	val := s.Part(true)
	out := s.remove(func(i int) bool {
		item := &s.Items[i]
		return !item.Validation && slices.ContainsFunc(val, func(v Item) bool { return item.resembles(&v) })
	})
	if len(out) > 0 {
		s.Notes = append(s.Notes, fmt.Sprintf("%s skipped: near-duplicates of validation pictures (dHash distance up to %d), for example %s",
			plural(len(out), "training picture"), MaxDistance, out[0].Path))
	}
}

// divideClass holds out groups of near-duplicates until the share of a class is
// reached.
func (s *Set) divideClass(class int, random *rand.Rand) {
	groups := s.groups(class)
	total := 0
	for _, g := range groups {
		total += len(g)
	}
	want := max(1, int(validationShare*float64(total)+0.5))
	random.Shuffle(len(groups), func(i, j int) { groups[i], groups[j] = groups[j], groups[i] })
	held, left := 0, len(groups)
	for _, g := range groups {
		// A large group would leave too little to train on.
		if held >= want || left == 1 || held > 0 && held+len(g) > want+want/2 || len(g) > max(want, total/2) {
			continue
		}
		for _, i := range g {
			s.Items[i].Validation = true
		}
		held += len(g)
		left--
	}
}

// groups returns the items of a class by near-duplicates: two items are in a group
// if a chain of similar ones links them.
func (s *Set) groups(class int) [][]int {
	var members []int
	for i, item := range s.Items {
		if item.Class == class {
			members = append(members, i)
		}
	}
	group := make([]int, len(members)) // of each member, the first member that it is linked to
	for i := range members {
		group[i] = i
	}
	find := func(i int) int {
		for group[i] != i {
			group[i] = group[group[i]]
			i = group[i]
		}
		return i
	}
	for i := range members {
		for j := range i {
			if s.Items[members[i]].resembles(&s.Items[members[j]]) {
				a, b := find(i), find(j)
				group[max(a, b)] = min(a, b)
			}
		}
	}
	var out [][]int
	place := map[int]int{}
	for i, m := range members {
		root := find(i)
		if _, known := place[root]; !known {
			place[root] = len(out)
			out = append(out, nil)
		}
		out[place[root]] = append(out[place[root]], m)
	}
	if len(members) > len(out) {
		s.Notes = append(s.Notes, fmt.Sprintf("%s: %s of %d kept on the side of their near-duplicates (dHash distance up to %d)",
			s.Classes[class], plural(len(members)-len(out), "picture"), len(members), MaxDistance))
	}
	return out
}
