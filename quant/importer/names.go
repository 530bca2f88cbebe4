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

// firePart matches the name of a convolution in a fire module:
// fire2/squeeze1x1 (Caffe) or features.3.expand3x3 (torchvision), with any
// prefix such as "module.".
var firePart = regexp.MustCompile(`^(.*?)(\d+)[/._](squeeze(?:1x1)?|expand1x1|expand3x3)$`)

// arrange finds the roles of named convolutions. Fire modules are told by name
// and ordered by the number in it. Of the two remaining convolutions, conv1 is
// the one that reads three channels.
func arrange(convs []conv) (*layout, error) {
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
				return nil, fmt.Errorf("layer %q: %s is not the number of a fire module", c.name, m[2])
			}
			modules[key] = &namedFire{name: key, number: number, numbered: strings.HasSuffix(m[1], "features.")}
		}
		if err := modules[key].put(m[3], c); err != nil {
			return nil, err
		}
	}
	l := &layout{}
	if err := l.setEnds(rest); err != nil {
		return nil, err
	}
	return l, l.sortFires(modules)
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
		return errors.New("conv1 is missing: no convolution reads three channels outside the fire modules")
	case len(last) == 0:
		return errors.New("the last convolution is missing")
	case len(last) > 1:
		return fmt.Errorf("layers %q and %q: besides conv1 and the fire modules, SqueezeNet has only one more layer", last[0].name, last[1].name)
	}
	l.head = last[0]
	return nil
}

// sortFires adds the fire modules in the order of their numbers.
func (l *layout) sortFires(named map[string]*namedFire) error {
	if len(named) == 0 {
		return errors.New("no fire modules: no layers named …squeeze, …expand1x1, …expand3x3")
	}
	var modules []*namedFire
	for _, f := range named {
		modules = append(modules, f)
	}
	slices.SortFunc(modules, func(a, b *namedFire) int {
		return cmp.Or(cmp.Compare(a.number, b.number), cmp.Compare(a.name, b.name))
	})
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
	l.poolGaps = poolGaps(modules)
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

// pairs combines the tensors KEY.weight and KEY.bias of a state dict to
// convolutions.
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
			return nil, fmt.Errorf("%s: not the weights of a convolution, and SqueezeNet has no other parameters", t)
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
