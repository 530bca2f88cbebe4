package importer

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// firePart is how the traditions name a convolution of a fire module:
// fire2/squeeze1x1 (Caffe), features.3.expand3x3 (torchvision), with any
// prefix such as "module.".
var firePart = regexp.MustCompile(`^(.*?)(\d+)[/._](squeeze(?:1x1)?|expand1x1|expand3x3)$`)

// arrange puts named convolutions in their places: fire modules by name, in
// the order of the numbers in their names; of the two that remain, conv1 is
// the one that reads three channels.
func arrange(convs []conv) (*layout, error) {
	fires := map[string]*namedFire{}
	var rest []conv
	for _, c := range convs {
		m := firePart.FindStringSubmatch(c.name)
		if m == nil {
			rest = append(rest, c)
			continue
		}
		key := m[1] + m[2]
		if fires[key] == nil {
			number, err := strconv.Atoi(m[2])
			if err != nil {
				return nil, fmt.Errorf("layer %q: %s is no number of a fire module", c.name, m[2])
			}
			fires[key] = &namedFire{name: key, number: number, numbered: strings.HasSuffix(m[1], "features.")}
		}
		if err := fires[key].put(m[3], c); err != nil {
			return nil, err
		}
	}
	l := &layout{}
	if err := l.ends(rest); err != nil {
		return nil, err
	}
	return l, l.middle(fires)
}

// namedFire is a fire module while its parts come together.
type namedFire struct {
	fire
	name     string
	number   int
	numbered bool // the number counts torchvision's layers, pools among them
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
		return fmt.Errorf("layer %q: %s has two such layers", c.name, f.name)
	}
	*place = c
	return nil
}

// ends finds conv1 and the head.
func (l *layout) ends(rest []conv) error {
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
		return errors.New("conv1 is missing: no convolution reads three channels outside the fire modules")
	case len(last) == 0:
		return errors.New("the last convolution is missing")
	case len(last) > 1:
		return fmt.Errorf("layers %q and %q: beside conv1 and the fire modules a SqueezeNet has but one layer more", last[0].name, last[1].name)
	}
	l.head = last[0]
	return nil
}

// middle sorts the fire modules.
func (l *layout) middle(named map[string]*namedFire) error {
	if len(named) == 0 {
		return errors.New("no fire modules: no layers named …squeeze, …expand1x1, …expand3x3")
	}
	var list []*namedFire
	for _, f := range named {
		list = append(list, f)
	}
	slices.SortFunc(list, func(a, b *namedFire) int {
		return cmp.Or(cmp.Compare(a.number, b.number), cmp.Compare(a.name, b.name))
	})
	for i, f := range list {
		for _, part := range []struct {
			conv
			name string
		}{{f.squeeze, "squeeze"}, {f.expand1x1, "expand1x1"}, {f.expand3x3, "expand3x3"}} {
			if part.weights == nil {
				return fmt.Errorf("fire module %q: its %s layer is missing", f.name, part.name)
			}
		}
		if i > 0 && f.number == list[i-1].number {
			return fmt.Errorf("fire modules %q and %q have the same number", list[i-1].name, f.name)
		}
		l.fires = append(l.fires, f.fire)
	}
	l.poolGaps = gaps(list)
	return nil
}

// gaps reads the places of the pools off torchvision's numbers: features.0 is
// conv1, features.1 its ReLU, and a number that no layer with parameters bears
// is a pool. It is nil where the names do not count so.
func gaps(list []*namedFire) []int {
	pools, next := []int{}, 2
	for i, f := range list {
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

// pairs makes convolutions of a state dict's tensors: KEY.weight and KEY.bias.
func pairs(tensors []*tensor) ([]conv, error) {
	if len(tensors) > maxItems {
		return nil, fmt.Errorf("%d tensors, at most %d are supported", len(tensors), maxItems)
	}
	var convs []conv
	index := map[string]int{}
	for _, t := range tensors {
		name, isWeight := strings.CutSuffix(t.name, ".weight")
		if !isWeight {
			continue
		}
		if len(t.shape) != 4 {
			return nil, fmt.Errorf("%s: not the weights of a convolution, which SqueezeNet is made of", t)
		}
		if _, twice := index[name]; twice {
			return nil, fmt.Errorf("%s: appears twice", t)
		}
		index[name] = len(convs)
		convs = append(convs, conv{name: name, weights: t})
	}
	for _, t := range tensors {
		name, isBias := strings.CutSuffix(t.name, ".bias")
		if strings.HasSuffix(t.name, ".weight") {
			continue
		}
		i, known := index[name]
		if !isBias || !known {
			return nil, fmt.Errorf("%s: not a parameter of a SqueezeNet", t)
		}
		if convs[i].bias != nil {
			return nil, fmt.Errorf("%s: appears twice", t)
		}
		convs[i].bias = t
	}
	for _, c := range convs {
		if c.bias == nil {
			return nil, fmt.Errorf("tensor %q is missing", c.name+".bias")
		}
	}
	return convs, nil
}
