package importer

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// normMatcher finds the convolution that each batch normalization of a state dict
// follows.
type normMatcher struct {
	modules, convs, norms []*module // modules has both, in the order of the file
	match                 map[*module]normPart
}

// normPart is the part of a normalization that belongs to a convolution: all of
// it or, if it follows the concatenation of two expand layers, the channels from
// first on, of total.
type normPart struct {
	norm         *module
	first, total int
}

// matchNorms returns the normalization after each convolution. Rules that follow
// from names come before those that follow from order.
func matchNorms(modules, convs, norms []*module) map[*module]normPart {
	m := &normMatcher{modules: modules, convs: convs, norms: norms, match: map[*module]normPart{}}
	m.byStem()
	m.byNumber()
	m.byScope()
	m.byPlace()
	m.byOrder()
	return m.match
}

// fits reports whether a normalization can follow a convolution.
func (m *normMatcher) fits(conv, norm *module) bool {
	return !norm.taken && m.free(conv) && conv.filters() == norm.params["running_mean"].count()
}

// free reports whether no normalization of a convolution was found yet.
func (m *normMatcher) free(conv *module) bool { return m.match[conv].norm == nil }

func (m *normMatcher) take(conv, norm *module) {
	m.match[conv], norm.taken = normPart{norm: norm}, true
}

func (m *module) filters() int { return m.params["weight"].shape[0] }

var (
	kindInName = regexp.MustCompile(`(?i)batch_?norm(2d)?|normali[sz]ation|norm|bn|conv(olution)?(2d)?`)
	separators = regexp.MustCompile(`[._/-]+`)
)

// stem returns a name without the words for convolution and normalization:
// fire2.1 for fire2.conv1 and fire2.bn1, fire2.squeeze for fire2.squeeze.conv and
// fire2.squeeze_bn.
func stem(name string) string {
	return strings.Trim(separators.ReplaceAllString(kindInName.ReplaceAllString(name, ""), "."), ".")
}

// byStem matches names that differ in the word for the kind only.
func (m *normMatcher) byStem() {
	stems := map[string][]*module{}
	for _, c := range m.convs {
		s := stem(c.name)
		stems[s] = append(stems[s], c)
	}
	for _, n := range m.norms {
		if c := stems[stem(n.name)]; len(c) == 1 && m.fits(c[0], n) {
			m.take(c[0], n)
		}
	}
}

// byNumber matches neighbours in a Sequential: squeeze.0 and squeeze.1.
func (m *normMatcher) byNumber() {
	index := map[string]*module{}
	for _, c := range m.convs {
		index[c.name] = c
	}
	for _, n := range m.norms {
		parent, last := splitName(n.name)
		number, err := strconv.Atoi(last)
		if err != nil {
			continue
		}
		if c := index[joinName(parent, strconv.Itoa(number-1))]; c != nil && m.fits(c, n) {
			m.take(c, n)
		}
	}
}

func splitName(name string) (parent, last string) {
	i := strings.LastIndexByte(name, '.')
	return name[:max(i, 0)], name[i+1:]
}

func joinName(parent, last string) string {
	if parent == "" {
		return last
	}
	return parent + "." + last
}

// byScope matches the layers of one fire module in the order squeeze, 1x1, 3x3
// with its normalizations: bn1, bn2, bn3, or the last one for the concatenation
// of both expand layers. Numbers in a Sequential are left to byNumber: other layers
// may be between them.
func (m *normMatcher) byScope() {
	convs, norms, scopes := map[string][]*module{}, map[string][]*module{}, []string{}
	for _, c := range m.convs {
		parent, _ := splitName(c.name)
		convs[parent] = append(convs[parent], c)
	}
	for _, n := range m.norms {
		parent, last := splitName(n.name)
		if _, err := strconv.Atoi(last); err == nil {
			continue
		}
		if norms[parent] == nil {
			scopes = append(scopes, parent)
		}
		norms[parent] = append(norms[parent], n)
	}
	role := func(c *module) int {
		_, last := splitName(c.name)
		if strings.Contains(last, "squeeze") {
			return 0
		}
		return c.params["weight"].shape[2]
	}
	for _, scope := range scopes {
		slices.SortStableFunc(convs[scope], func(a, b *module) int { return cmp.Compare(role(a), role(b)) })
		slices.SortStableFunc(norms[scope], func(a, b *module) int { return compareNatural(a.name, b.name) })
		m.takeJoined(convs[scope], norms[scope])
		m.takeAll(convs[scope], norms[scope])
	}
}

// takeJoined matches a squeeze layer and two expand layers with a normalization
// of their concatenation and perhaps one of the squeeze layer.
func (m *normMatcher) takeJoined(convs, norms []*module) {
	if len(convs) != 3 || len(norms) < 1 || len(norms) > 2 || !m.free(convs[1]) || !m.free(convs[2]) {
		return
	}
	last := norms[len(norms)-1]
	total := convs[1].filters() + convs[2].filters()
	if last.taken || last.params["running_mean"].count() != total {
		return
	}
	if len(norms) == 2 && !norms[0].taken {
		if !m.fits(convs[0], norms[0]) {
			return
		}
		m.take(convs[0], norms[0])
	}
	last.taken = true
	m.match[convs[1]] = normPart{last, 0, total}
	m.match[convs[2]] = normPart{last, convs[1].filters(), total}
}

// takeAll matches two lists if they have the same length and every pair fits.
func (m *normMatcher) takeAll(convs, norms []*module) {
	if len(convs) != len(norms) {
		return
	}
	for i, c := range convs {
		if !m.fits(c, norms[i]) {
			return
		}
	}
	for i, c := range convs {
		m.take(c, norms[i])
	}
}

// byPlace matches a normalization that directly follows a convolution.
func (m *normMatcher) byPlace() {
	for i, n := range m.modules {
		if i == 0 || !n.isNorm() || m.numbered(n) {
			continue
		}
		if c := m.modules[i-1]; c.isConv() && m.fits(c, n) {
			m.take(c, n)
		}
	}
}

// numbered reports whether a normalization is in a Sequential with convolutions,
// so that byNumber would have matched it if nothing were between them.
func (m *normMatcher) numbered(n *module) bool {
	parent, last := splitName(n.name)
	if _, err := strconv.Atoi(last); err != nil {
		return false
	}
	return slices.ContainsFunc(m.convs, func(c *module) bool {
		other, number := splitName(c.name)
		_, err := strconv.Atoi(number)
		return other == parent && err == nil
	})
}

// byOrder matches all that is left, in order, except perhaps the last
// convolution.
func (m *normMatcher) byOrder() {
	var convs, norms []*module
	for _, c := range m.convs {
		if m.free(c) {
			convs = append(convs, c)
		}
	}
	for _, n := range m.norms {
		if !n.taken {
			norms = append(norms, n)
		}
		if !n.taken && m.numbered(n) {
			return
		}
	}
	if len(convs) == len(norms)+1 {
		convs = convs[:len(norms)]
	}
	m.takeAll(convs, norms)
}
