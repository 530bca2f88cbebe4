package flags

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"halfmeg/cmd/edge/internal/decision"
	"halfmeg/cmd/edge/internal/groups"
)

// Decision holds the flags of package decision.
type Decision struct {
	config decision.Config
	groups []string // values of --group
	added  []string // groups that an output needs

	// Groups are custom groups: lists of classes and groups by name. The configuration
	// file sets them.
	Groups map[string][]string
}

// Add defines the flags. The defaults suit a camera that people walk past: one wrong frame
// is not an event, one second in view is.
func (d *Decision) Add(flags *pflag.FlagSet) {
	d.config = decision.Config{
		HalfLife: 500 * time.Millisecond,
		On:       0.5,
		Off:      0.3,
		MinOn:    500 * time.Millisecond,
		MinOff:   2 * time.Second,
		MaxGap:   time.Minute,
		TopK:     5,
	}
	c := &d.config
	flags.Var(duration(&c.HalfLife), "half-life", "smooth probabilities over time: after this `time` an old value has half its weight; 0 for no smoothing")
	flags.Var(Probability(&c.On), "on", "something has appeared at this smoothed `probability`")
	flags.Var(Probability(&c.Off), "off", "something is gone below this smoothed `probability`")
	flags.Var(duration(&c.MinOn), "min-on", "minimum `time` at --on before something has appeared")
	flags.Var(duration(&c.MinOff), "min-off", "minimum `time` below --off before something is gone")
	flags.StringArrayVar(&c.Allow, "allow", nil, "report only this `class` or group, by any of its names; may be repeated")
	flags.StringArrayVar(&c.Deny, "deny", nil, "never report this `class` or group; may be repeated")
	flags.StringArrayVar(&d.groups, "group", nil, "report a `group`, the sum of its classes: a built-in one such as dog, vehicle or bird, or a custom one such as pets=dog,cat; may be repeated")
}

// Decider returns a Decider for a network with these labels.
func (d *Decision) Decider(labels []string) (*decision.Decider, error) {
	c, err := d.Config(labels)
	if err != nil {
		return nil, err
	}
	return decision.New(labels, c)
}

// Config returns the configuration for a network with these labels.
func (d *Decision) Config(labels []string) (decision.Config, error) {
	c := d.config
	catalog := groups.Builtin(labels)
	c.Catalog = catalog
	c.Groups = nil
	for _, text := range slices.Concat(d.groups, d.added) {
		g, err := parseGroup(text, labels, catalog)
		if err != nil {
			return c, fmt.Errorf("--group %s: %w", text, err)
		}
		c.Groups = append(c.Groups, g)
	}
	for _, name := range slices.Sorted(maps.Keys(d.Groups)) {
		g, err := newGroup(name, d.Groups[name], labels, catalog)
		if err != nil {
			return decision.Config{}, fmt.Errorf("groups: %s: %w", name, err)
		}
		c.Groups = append(c.Groups, g)
	}
	return c, nil
}

// Enable finds what a name means to an output: a group that has events, a class with one
// of these labels, or a built-in group, for which it enables events. It returns the name of
// the group, or the classes.
func (d *Decision) Enable(labels []string, name string) (group string, classes []int, err error) {
	name = strings.TrimSpace(name)
	for _, g := range d.groupNames() {
		if strings.EqualFold(g, name) {
			return g, nil, nil
		}
	}
	if classes, err = decision.FindClasses(labels, name); err == nil {
		return "", classes, nil
	}
	catalog := groups.Builtin(labels)
	if _, ok := catalog.Find(name); !ok {
		if near := catalog.Nearest(name); near != "" {
			err = fmt.Errorf("%w; the nearest group is %q", err, near)
		}
		return "", nil, fmt.Errorf("%w; a custom group also needs --group %s=…", err, name)
	}
	d.added = append(d.added, name)
	return name, nil, nil
}

// DisableAdded undoes all calls of Enable.
func (d *Decision) DisableAdded() { d.added = nil }

// groupNames returns the names of all groups that are reported.
func (d *Decision) groupNames() []string {
	names := append(slices.Sorted(maps.Keys(d.Groups)), d.added...)
	for _, text := range d.groups {
		name, _, _ := strings.Cut(text, "=")
		names = append(names, strings.TrimSpace(name))
	}
	return names
}

// parseGroup parses NAME, which selects a group of the catalog, or NAME=MEMBER,MEMBER with
// classes and groups as members.
func parseGroup(text string, labels []string, catalog decision.Catalog) (decision.Group, error) {
	name, list, custom := strings.Cut(text, "=")
	if !custom {
		list = name
	}
	group, err := newGroup(name, strings.Split(list, ","), labels, catalog)
	if near := catalog.Nearest(list); err != nil && near != "" && !custom {
		err = fmt.Errorf("%w; the nearest group is %q", err, near)
	}
	return group, err
}

// newGroup returns a group of classes and groups, which may overlap.
func newGroup(name string, members, labels []string, catalog decision.Catalog) (decision.Group, error) {
	group := decision.Group{Name: strings.TrimSpace(name)}
	if group.Name == "" {
		return group, errors.New("expected a name such as dog, or pets=dog,cat")
	}
	seen := map[int]bool{}
	for _, member := range members {
		classes, ok := catalog.Find(member)
		if !ok {
			var err error
			if classes, err = decision.FindClasses(labels, member); err != nil {
				return group, err
			}
		}
		for _, class := range classes {
			if !seen[class] {
				seen[class] = true
				group.Classes = append(group.Classes, class)
			}
		}
	}
	return group, nil
}
