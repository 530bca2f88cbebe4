package importer

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// module is a layer of a state dict: the tensors whose names differ in the part
// after the last dot.
type module struct {
	name   string
	params map[string]*tensor
	taken  bool // of a normalization: folded into a convolution
}

func (m *module) isConv() bool {
	return m.params["weight"] != nil && len(m.params["weight"].shape) == 4
}

func (m *module) isNorm() bool {
	return m.params["running_mean"] != nil || m.params["running_var"] != nil
}

// stateDictFile turns the tensors of a state dict, from .pth or .safetensors, into
// a file. They are in the order in which the layers run, as far as the format
// keeps it.
func stateDictFile(tensors []*tensor) (*file, error) {
	if len(tensors) > maxItems {
		return nil, fmt.Errorf("%d tensors, at most %d are supported", len(tensors), maxItems)
	}
	f := &file{framework: torchvision}
	parameters, skipped, err := splitExtras(tensors)
	if err != nil {
		return nil, err
	}
	if len(parameters) == 0 && len(skipped) > 0 {
		return nil, fmt.Errorf("%s: not a parameter of a SqueezeNet, and there are no others", skipped[0])
	}
	if parameters, err = f.oneNetwork(parameters); err != nil {
		return nil, err
	}
	modules, err := modulesOf(parameters)
	if err != nil {
		return nil, err
	}
	if err := f.setConvs(modules); err != nil {
		return nil, err
	}
	if line := skippedLine(skipped); line != "" {
		f.read = append(f.read, line)
	}
	return f, nil
}

// extraName matches the names of tensors that serve training: losses with class
// weights, and metrics.
var extraName = regexp.MustCompile(`(?i)(^|[._])(criterion|criteria|losses|loss|lossfn|metrics?|accuracy|confmat|confusion_?matrix|optimi[sz]er|scheduler)([._]|$|\d)|(^|[._])(class|pos)_?weights?$`)

// splitExtras separates the parameters of layers from the other content of
// checkpoints: counters and other integers, single numbers, empty tensors,
// tensors outside any layer, losses and metrics.
func splitExtras(tensors []*tensor) (parameters, skipped []*tensor, err error) {
	for _, t := range tensors {
		rank := len(t.shape)
		isWeights := rank == 4 && strings.HasSuffix(t.name, "weight")
		switch {
		case extraName.MatchString(t.name), t.empty:
			skipped = append(skipped, t)
		case t.integer && isWeights:
			return nil, nil, fmt.Errorf("%s: %w", t, errQuantized)
		case t.integer, rank == 0, rank < 4 && !strings.Contains(t.name, "."):
			skipped = append(skipped, t)
		default:
			parameters = append(parameters, t)
		}
	}
	return parameters, skipped, nil
}

// skippedLine lists what was skipped, except for the counters that every batch
// normalization has.
func skippedLine(skipped []*tensor) string {
	var names []string
	for _, t := range skipped {
		if !strings.HasSuffix(t.name, "num_batches_tracked") {
			names = append(names, strconv.Quote(t.name))
		}
	}
	const most = 4
	switch {
	case len(names) == 0:
		return ""
	case len(names) > most:
		names = append(names[:most], fmt.Sprintf("and %d more", len(names)-most))
	}
	return "skipped tensors that are no layer's parameters: " + strings.Join(names, ", ")
}

// averagedName matches the names under which training code keeps a second copy
// of a network.
var averagedName = regexp.MustCompile(`(?i)ema|teacher|target|shadow|averaged?|swa|momentum|old`)

// oneNetwork selects one of several copies of a network that differ in the first
// part of their names: that under training, not its average.
func (f *file) oneNetwork(tensors []*tensor) ([]*tensor, error) {
	tensors = f.dropAverages(tensors)
	groups, names := map[string][]*tensor{}, []string{}
	for _, t := range tensors {
		first, _, _ := strings.Cut(t.name, ".")
		if groups[first] == nil {
			names = append(names, first)
		}
		groups[first] = append(groups[first], t)
	}
	if len(names) < 2 || len(groups[names[0]]) < 5 {
		return tensors, nil
	}
	suffixes := func(first string) []string {
		var s []string
		for _, t := range groups[first] {
			suffix := strings.TrimPrefix(strings.TrimPrefix(t.name, first+"."), "module.")
			s = append(s, suffix)
		}
		slices.Sort(s)
		return s
	}
	want := suffixes(names[0])
	var trained []string
	for _, name := range names {
		if !slices.Equal(suffixes(name), want) {
			return tensors, nil
		}
		if !averagedName.MatchString(name) {
			trained = append(trained, name)
		}
	}
	if len(trained) != 1 {
		return nil, fmt.Errorf("holds the same network several times, under %q: save the state dict of one alone", names)
	}
	f.read = append(f.read, fmt.Sprintf("of the networks %q, %q was read", names, trained[0]))
	return groups[trained[0]], nil
}

// dropAverages drops tensors whose first part of the name says that they are an
// average, if all of them are there without it, too.
func (f *file) dropAverages(tensors []*tensor) []*tensor {
	plain := map[string]bool{}
	for _, t := range tensors {
		plain[t.name] = true
	}
	copies := map[string]bool{}
	for _, t := range tensors {
		first, rest, _ := strings.Cut(t.name, ".")
		if !averagedName.MatchString(first) {
			continue
		}
		if isCopy, known := copies[first]; !known || isCopy {
			copies[first] = plain[rest] || plain[strings.TrimPrefix(rest, "module.")]
		}
	}
	kept := slices.DeleteFunc(slices.Clone(tensors), func(t *tensor) bool {
		first, _, _ := strings.Cut(t.name, ".")
		return copies[first]
	})
	if len(kept) < len(tensors) {
		f.read = append(f.read, "the network itself was read, not its average")
	}
	return kept
}

// modulesOf groups tensors by layer, in the order of their first tensors.
func modulesOf(tensors []*tensor) ([]*module, error) {
	var modules []*module
	index := map[string]*module{}
	for _, t := range tensors {
		name, part := "", t.name
		if i := strings.LastIndexByte(t.name, '.'); i >= 0 {
			name, part = t.name[:i], t.name[i+1:]
		}
		m := index[name]
		if m == nil {
			m = &module{name: name, params: map[string]*tensor{}}
			index[name] = m
			modules = append(modules, m)
		}
		if m.params[part] != nil {
			return nil, fmt.Errorf("%s: appears twice", t)
		}
		m.params[part] = t
	}
	for _, m := range modules {
		if err := m.check(); err != nil {
			return nil, err
		}
	}
	return modules, nil
}

// check rejects layers that are neither convolutions nor batch normalization.
func (m *module) check() error {
	known := []string{"weight", "bias"}
	if m.isNorm() {
		known = []string{"weight", "bias", "running_mean", "running_var"}
		for _, part := range known[2:] {
			if m.params[part] == nil {
				return fmt.Errorf("tensor %q is missing", m.name+"."+part)
			}
		}
	}
	weight := m.params["weight"]
	if weight != nil && !m.isConv() && !m.isNorm() {
		if len(weight.shape) == 1 && m.params["bias"] != nil {
			return fmt.Errorf("%s: not the weights of a convolution; if it normalizes, it cannot be folded without running_mean and running_var", weight)
		}
		return fmt.Errorf("%s: not the weights of a convolution, and SqueezeNet has no other parameters", weight)
	}
	var unknown []string
	for part := range m.params {
		if !slices.Contains(known, part) || weight == nil && !m.isNorm() {
			unknown = append(unknown, part)
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	slices.Sort(unknown)
	return fmt.Errorf("%s: not a parameter of a SqueezeNet%s", m.params[unknown[0]], partAdvice[unknown[0]])
}

// partAdvice says what to do about parameters that PyTorch splits in two.
var partAdvice = map[string]string{
	"weight_g":    "; call torch.nn.utils.remove_weight_norm before saving",
	"weight_v":    "; call torch.nn.utils.remove_weight_norm before saving",
	"weight_orig": "; call torch.nn.utils.prune.remove (or remove_spectral_norm) before saving",
	"weight_mask": "; call torch.nn.utils.prune.remove before saving",
}

// setConvs sets the convolutions, with their batch normalization folded.
func (f *file) setConvs(modules []*module) error {
	var convs, norms []*module
	for _, m := range modules {
		if m.isNorm() {
			norms = append(norms, m)
		} else {
			convs = append(convs, m)
		}
	}
	match := matchNorms(modules, convs, norms)
	for _, n := range norms {
		if !n.taken {
			return fmt.Errorf("batch normalization %q (%d channels): neither names nor order show which convolution it follows: "+
				"export the network as ONNX, after model.eval()", n.name, n.params["running_mean"].count())
		}
	}
	withBias := slices.ContainsFunc(convs, func(m *module) bool { return m.params["bias"] != nil })
	for _, m := range convs {
		c := conv{name: m.name, weights: m.params["weight"], bias: m.params["bias"]}
		if n := match[m]; n.norm != nil {
			p := n.norm.params
			a := batchNorm(p["weight"], p["bias"], p["running_mean"], p["running_var"], torchEpsilon)
			a.first, a.total = n.first, n.total
			c.affines = []affine{a}
		}
		if c.bias == nil && c.affines == nil && (withBias || len(convs) == 1) {
			return fmt.Errorf("tensor %q is missing", m.name+".bias")
		}
		f.convs = append(f.convs, c)
	}
	if len(norms) > 0 {
		f.assumed = append(f.assumed, fmt.Sprintf("batch normalization (%d layers) between convolution and ReLU, with epsilon %g as in PyTorch: "+
			"a state dict states neither", len(norms), torchEpsilon))
	}
	if len(convs) == 0 {
		return errors.New("no convolutions")
	}
	return nil
}

// torchEpsilon is the default of torch.nn.BatchNorm2d.
const torchEpsilon = 1e-5
