package importer

import (
	"cmp"
	"slices"
	"strconv"
)

// maxByShape limits the convolutions whose roles are searched by shape.
// SqueezeNet has 26.
const maxByShape = 128

// arrangeByShape finds the roles of convolutions that are listed in the order in
// which they run: conv1, three per fire module and the last convolution, where
// each reads as many channels as come before it. conv1 and the last convolution
// may be elsewhere in the list if only one choice fits. It returns nil if the
// roles are not unique.
func arrangeByShape(convs []conv) *layout {
	if len(convs) < 5 || len(convs) > maxByShape {
		return nil
	}
	for _, c := range convs {
		if c.weights == nil || len(c.weights.shape) != 4 {
			return nil
		}
	}
	last := len(convs) - 1
	if l := chain(convs, 0, last); l != nil {
		return l
	}
	var found *layout
	for first := range convs {
		for head := range convs {
			l := chain(convs, first, head)
			if l != nil && found != nil {
				return nil
			}
			if l != nil {
				found = l
			}
		}
	}
	return found
}

// chain assigns the roles if convs[first] is conv1 and convs[head] the last
// convolution, or returns nil if the channels do not fit.
func chain(convs []conv, first, head int) *layout {
	in := func(c conv) int { return c.weights.shape[1] }
	if first == head || in(convs[first]) != 3 || convs[head].side() != 1 || (len(convs)-2)%3 != 0 {
		return nil
	}
	l := &layout{conv1: convs[first], head: convs[head]}
	channels := l.conv1.out()
	var module []conv
	for i, c := range convs {
		if i == first || i == head {
			continue
		}
		if module = append(module, c); len(module) < 3 {
			continue
		}
		f, ok := fireOf(module, channels)
		if !ok {
			return nil
		}
		l.fires = append(l.fires, f)
		channels = f.expand1x1.out() + f.expand3x3.out()
		module = nil
	}
	if in(l.head) != channels {
		return nil
	}
	return l
}

// fireOf assigns the roles of three convolutions that read the given number of
// channels. If the squeeze layer and the 1x1 expand layer could be swapped, their
// order decides.
func fireOf(module []conv, channels int) (fire, bool) {
	for _, p := range [][3]int{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}} {
		f := fire{squeeze: module[p[0]], expand1x1: module[p[1]], expand3x3: module[p[2]]}
		squeezed := f.squeeze.out()
		if f.squeeze.weights.shape[1] == channels && f.expand1x1.weights.shape[1] == squeezed && f.expand3x3.weights.shape[1] == squeezed &&
			f.squeeze.side() == 1 && f.expand1x1.side() == 1 && f.expand3x3.side() == 3 {
			return f, true
		}
	}
	return fire{}, false
}

// compareNatural orders names as people number them: features.2 before
// features.10.
func compareNatural(a, b string) int {
	for a != "" && b != "" {
		x, y := digits(a), digits(b)
		if x == 0 || y == 0 {
			if a[0] != b[0] {
				return cmp.Compare(a[0], b[0])
			}
			a, b = a[1:], b[1:]
			continue
		}
		m, errA := strconv.Atoi(a[:x])
		n, errB := strconv.Atoi(b[:y])
		if c := cmp.Compare(m, n); c != 0 && errA == nil && errB == nil {
			return c
		}
		if a[:x] != b[:y] {
			return cmp.Compare(a[:x], b[:y])
		}
		a, b = a[x:], b[y:]
	}
	return cmp.Compare(len(a), len(b))
}

// digits returns the length of the number that a text begins with.
func digits(text string) int {
	n := slices.IndexFunc([]byte(text), func(c byte) bool { return c < '0' || c > '9' })
	if n < 0 {
		return len(text)
	}
	return n
}
