package importer

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// firePart matches the name of a convolution in a fire module:
// fire2/squeeze1x1 (Caffe) or features.3.expand3x3 (torchvision), with any
// prefix such as "module.". The convolution may be the first of a Sequential,
// or called conv in a module of its own.
var firePart = regexp.MustCompile(`^(.*?)(\d+)[/._](squeeze(?:_?1x1)?|expand_?1x1|expand_?3x3)(?:[/._](?:0|conv|conv2d))?$`)

const namesAdvice = "names like …squeeze, …expand1x1, …expand3x3 are understood, or layers in the order in which they run; " +
	"an export as ONNX needs no names"

// arrange finds the roles of convolutions by their names or, if no fire module is
// complete by name, by their shapes and order.
func arrange(convs []conv) (*layout, error) {
	l, named, err := arrangeByName(convs)
	if err == nil {
		return l, nil
	}
	if slices.ContainsFunc(named, (*namedFire).complete) {
		return nil, err
	}
	l = arrangeByShape(convs)
	if l == nil { // perhaps the writer sorted the names
		l = arrangeByShape(slices.SortedStableFunc(slices.Values(convs), func(a, b conv) int { return compareNatural(a.name, b.name) }))
	}
	if l != nil {
		first := l.fires[0]
		l.read = append(l.read, fmt.Sprintf("the layers' roles are taken from their shapes and order: conv1 is %q, "+
			"fire2 is %q, %q and %q, the last convolution is %q",
			l.conv1.name, first.squeeze.name, first.expand1x1.name, first.expand3x3.name, l.head.name))
		return l, nil
	}
	if len(named) > 0 || errors.Is(err, errNoConv1) || errors.Is(err, errNoHead) {
		return nil, fmt.Errorf("%w; %s", err, namesAdvice)
	}
	return nil, fmt.Errorf("no fire modules: no layers named …squeeze, …expand1x1, …expand3x3, and the shapes and order of %s do not determine their roles; %s",
		someNames(convs), namesAdvice)
}

// someNames formats the first names of layers.
func someNames(convs []conv) string {
	var names []string
	for _, c := range convs[:min(len(convs), 4)] {
		names = append(names, strconv.Quote(c.name))
	}
	if len(convs) > len(names) {
		names = append(names, "…")
	}
	return strings.Join(names, ", ")
}

// arrangeByName identifies fire modules by name and sorts them by the number in it.
// Of the two remaining convolutions, conv1 is the one that reads three channels.
// The fire modules are returned even if the network is incomplete.
func arrangeByName(convs []conv) (*layout, []*namedFire, error) {
	modules := map[string]*namedFire{}
	var rest []conv
	for _, c := range convs {
		m := firePart.FindStringSubmatch(c.name)
		if m == nil {
			rest = append(rest, c)
			continue
		}
		key := m[1] + m[2]
		if modules[key] == nil {
			number, err := strconv.Atoi(m[2])
			if err != nil {
				return nil, nil, fmt.Errorf("layer %q: %s is not the number of a fire module", c.name, m[2])
			}
			modules[key] = &namedFire{name: key, number: number, numbered: strings.HasSuffix(m[1], "features.")}
		}
		if err := modules[key].put(strings.ReplaceAll(m[3], "_", ""), c); err != nil {
			return nil, nil, err
		}
	}
	named := slices.SortedFunc(maps.Values(modules), func(a, b *namedFire) int {
		return cmp.Or(cmp.Compare(a.number, b.number), cmp.Compare(a.name, b.name))
	})
	l := &layout{}
	if err := l.setEnds(rest); err != nil {
		return nil, named, err
	}
	return l, named, l.setFires(named)
}

// namedFire is a fire module whose convolutions are being collected.
type namedFire struct {
	fire
	name     string
	number   int
	numbered bool // the number counts torchvision's layers, pools included
}

func (f *namedFire) put(part string, c conv) error {
	place := &f.squeeze
	switch part {
	case "expand1x1":
		place = &f.expand1x1
	case "expand3x3":
		place = &f.expand3x3
	}
	if place.weights != nil {
		return fmt.Errorf("layer %q: %s already has such a layer", c.name, f.name)
	}
	*place = c
	return nil
}

// complete reports whether all three convolutions were found.
func (f *namedFire) complete() bool {
	return f.squeeze.weights != nil && f.expand1x1.weights != nil && f.expand3x3.weights != nil
}

var (
	errNoConv1 = errors.New("conv1 is missing: no convolution reads three channels outside the fire modules")
	errNoHead  = errors.New("the last convolution is missing")
)

// setEnds finds conv1 and the head.
func (l *layout) setEnds(rest []conv) error {
	var last []conv
	for _, c := range rest {
		if s := c.weights.shape; l.conv1.weights == nil && len(s) == 4 && s[1] == 3 {
			l.conv1 = c
		} else {
			last = append(last, c)
		}
	}
	switch {
	case l.conv1.weights == nil:
		return errNoConv1
	case len(last) == 0:
		return errNoHead
	case len(last) > 1:
		return fmt.Errorf("layers %q and %q: besides conv1 and the fire modules, SqueezeNet has only one more layer", last[0].name, last[1].name)
	}
	l.head = last[0]
	return nil
}

// setFires adds the fire modules, which are sorted by their numbers.
func (l *layout) setFires(modules []*namedFire) error {
	if len(modules) == 0 {
		return errors.New("no fire modules: no layers named …squeeze, …expand1x1, …expand3x3")
	}
	for i, f := range modules {
		for _, part := range []struct {
			conv
			name string
		}{{f.squeeze, "squeeze"}, {f.expand1x1, "expand1x1"}, {f.expand3x3, "expand3x3"}} {
			if part.weights == nil {
				return fmt.Errorf("fire module %q: its %s layer is missing", f.name, part.name)
			}
		}
		if i > 0 && f.number == modules[i-1].number {
			return fmt.Errorf("fire modules %q and %q have the same number", modules[i-1].name, f.name)
		}
		l.fires = append(l.fires, f.fire)
	}
	if len(l.conv1.affines) == 0 { // a normalization takes a number, too
		l.poolGaps = poolGaps(modules)
	}
	return nil
}

// poolGaps derives the positions of the pools from torchvision's numbers:
// features.0 is conv1, features.1 its ReLU, and each number without parameters
// is a pool. It returns nil if the names are not numbered like that.
func poolGaps(modules []*namedFire) []int {
	pools, next := []int{}, 2
	for i, f := range modules {
		switch {
		case !f.numbered:
			return nil
		case f.number == next+1:
			pools = append(pools, i+1)
		case f.number != next:
			return nil
		}
		next = f.number + 1
	}
	return pools
}
