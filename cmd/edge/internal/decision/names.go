package decision

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"halfmeg/cmd/edge/internal/nearest"
)

// none is the name of a class for pictures without anything of interest.
const none = "none"

// named returns the labels, with "class 7" for an empty label of class 7.
func named(labels []string) []string {
	list := slices.Clone(labels)
	for i, label := range list {
		if strings.Trim(label, ", \t\r\n") == "" {
			list[i] = fmt.Sprintf("class %d", i)
		}
	}
	return list
}

// ClassName returns the name of a class in answers and events: the first name of its
// label.
func ClassName(labels []string, class int) string {
	return splitLabel(named(labels)[class])[0]
}

// splitLabel returns the names in a label such as "tench, Tinca tinca", at least one.
func splitLabel(label string) []string {
	var names []string
	for name := range strings.SplitSeq(label, ",") {
		if name = strings.TrimSpace(name); name != "" {
			names = append(names, name)
		}
	}
	if names == nil {
		return []string{label}
	}
	return names
}

// fold makes names comparable: it removes case and surrounding space.
func fold(name string) string { return strings.ToLower(strings.TrimSpace(name)) }

// check returns an error for invalid values. It does not check Allow and Deny, which
// choose does.
func (c *Config) check(classes int) error {
	switch {
	case classes == 0:
		return errors.New("the network has no classes")
	case !(c.On > 0 && c.On <= 1): // so that NaN is an error
		return fmt.Errorf("on level %v: it must be above 0 and at most 1", c.On)
	case !(c.Off > 0 && c.Off <= c.On):
		return fmt.Errorf("off level %v: it must be above 0 and at most the on level %v", c.Off, c.On)
	case c.HalfLife < 0:
		return fmt.Errorf("half-life %v: it must not be negative", c.HalfLife)
	case c.MinOn < 0:
		return fmt.Errorf("minimum time on %v: it must not be negative", c.MinOn)
	case c.MinOff < 0:
		return fmt.Errorf("minimum time off %v: it must not be negative", c.MinOff)
	case c.MaxGap < 0:
		return fmt.Errorf("longest gap %v: it must not be negative", c.MaxGap)
	case c.TopK < 0:
		return fmt.Errorf("%d top classes: the number must not be negative", c.TopK)
	}
	return c.checkGroups(classes)
}

func (c *Config) checkGroups(classes int) error {
	seen := map[string]bool{}
	for _, g := range c.Groups {
		name := fold(g.Name)
		switch {
		case name == "":
			return errors.New("a group has no name")
		case name == none:
			return fmt.Errorf("a group may not be named %q: that name is never reported", g.Name)
		case seen[name]:
			return fmt.Errorf("two groups are named %q", g.Name)
		case len(g.Classes) == 0:
			return fmt.Errorf("group %q has no classes", g.Name)
		}
		seen[name] = true
		members := slices.Sorted(slices.Values(g.Classes))
		if first, last := members[0], members[len(members)-1]; first < 0 || last >= classes {
			return fmt.Errorf("group %q: the network has classes 0 to %d, not %d to %d", g.Name, classes-1, first, last)
		}
		if len(slices.Compact(members)) < len(g.Classes) {
			return fmt.Errorf("group %q contains a class twice", g.Name)
		}
	}
	return nil
}

// index finds classes by name.
type index struct {
	labels  []string
	classes map[string][]int // by folded name
}

func newIndex(labels []string) *index {
	x := &index{labels: labels, classes: map[string][]int{}}
	for i, label := range labels {
		for _, name := range append(splitLabel(label), label) {
			key := fold(name)
			if key != "" && !slices.Contains(x.classes[key], i) {
				x.classes[key] = append(x.classes[key], i)
			}
		}
	}
	return x
}

// find returns the classes that have a name.
func (x *index) find(name string) []int {
	if number, ok := strings.CutPrefix(strings.TrimSpace(name), "#"); ok {
		if class, err := strconv.Atoi(number); err == nil && class >= 0 && class < len(x.labels) {
			return []int{class}
		}
	}
	return x.classes[fold(name)]
}

// FindClasses returns the classes with a name, by the rules of Allow and Deny except that
// groups are unknown. It serves to build a Group from names. labels are those of New. The
// error for an unknown name suggests the most similar known one.
func FindClasses(labels []string, name string) ([]int, error) {
	x := newIndex(named(labels))
	if found := x.find(name); found != nil {
		return found, nil
	}
	return nil, x.unknown("class", name, nil, nil)
}

// unknown returns the error for an unknown name.
func (x *index) unknown(what, name string, groups []Group, catalog Catalog) error {
	if strings.HasPrefix(strings.TrimSpace(name), "#") {
		return fmt.Errorf("unknown class %q: the network has classes #0 to #%d", name, len(x.labels)-1)
	}
	var known []string
	for _, label := range x.labels {
		known = append(known, splitLabel(label)...)
	}
	for _, g := range groups {
		known = append(known, g.Name)
	}
	if catalog != nil {
		known = append(known, catalog.Nearest(name))
	}
	if like := nearest.Of(fold(name), known); like != "" {
		return fmt.Errorf("unknown %s %q; did you mean %q?", what, name, like)
	}
	return fmt.Errorf("unknown %s %q", what, name)
}

// choose applies Allow and Deny: it sets shown and groups.
func (d *Decider) choose() error {
	x := newIndex(d.labels)
	allowed, err := d.resolve(x, "allow", d.config.Allow)
	if err != nil {
		return err
	}
	denied, err := d.resolve(x, "deny", d.config.Deny)
	if err != nil {
		return err
	}
	for _, class := range x.find(none) {
		denied.classes[class] = true
	}
	for name := range denied.groups {
		for _, class := range d.group(name).Classes {
			denied.classes[class] = true
		}
	}
	all := len(d.config.Allow) == 0
	d.shown = make([]bool, len(d.labels))
	for i := range d.shown {
		d.shown[i] = (all || allowed.classes[i]) && !denied.classes[i]
	}
	for _, g := range d.config.Groups {
		if name := fold(g.Name); (all || allowed.groups[name]) && !denied.groups[name] {
			d.groups = append(d.groups, Group{Name: strings.TrimSpace(g.Name), Classes: slices.Clone(g.Classes)})
		}
	}
	return nil
}

// choice is the meaning of a list of names.
type choice struct {
	classes map[int]bool
	groups  map[string]bool // folded names of Config.Groups
}

func (d *Decider) resolve(x *index, list string, names []string) (choice, error) {
	c := choice{map[int]bool{}, map[string]bool{}}
	for _, name := range names {
		classes := x.find(name)
		if g := d.group(name); g != nil {
			c.groups[fold(name)] = true
		} else if d.config.Catalog != nil {
			members, _ := d.config.Catalog.Find(name)
			classes = append(slices.Clone(classes), members...)
		}
		if len(classes) == 0 && !c.groups[fold(name)] && fold(name) != none {
			return c, fmt.Errorf("%s: %w", list, x.unknown("class or group", name, d.config.Groups, d.config.Catalog))
		}
		for _, class := range classes {
			c.classes[class] = true
		}
	}
	return c, nil
}

// group returns the group of Config.Groups with a name, or nil.
func (d *Decider) group(name string) *Group {
	for i := range d.config.Groups {
		if fold(d.config.Groups[i].Name) == fold(name) {
			return &d.config.Groups[i]
		}
	}
	return nil
}
