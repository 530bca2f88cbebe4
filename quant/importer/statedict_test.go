package importer

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/model"
)

// small11 returns a v1.1 whose layers have different numbers of channels, for an
// input of 64 pixels.
func small11() model.Topology {
	t := model.V11()
	t.Size = 64
	for i := range t.Fires {
		t.Fires[i] = model.Fire{S1x1: 2 + i%2, E1x1: 4, E3x3: 5 + i%3}
	}
	t.Head.Classes = 7
	return t
}

// reads reports whether a line of Read contains the text.
func reads(l *Loaded, text string) bool {
	return slices.ContainsFunc(l.Read, func(line string) bool { return strings.Contains(line, text) })
}

// stateDicts encodes a state dict in both formats; .safetensors also sorted by
// name, as its writers do.
func stateDicts(t *testing.T, s *sample, entries []entry) map[string][]byte {
	sorted := slices.Clone(entries)
	slices.SortFunc(sorted, func(a, b entry) int { return strings.Compare(a.name, b.name) })
	return map[string][]byte{
		"pth":                 s.torch(t, torchVariant{entries: entries}),
		"safetensors":         safetensorsOf(float32Type, entries),
		"safetensors, sorted": safetensorsOf(float32Type, sorted),
	}
}

// ownNames are custom names of the parts of a fire module.
type ownNames struct{ conv1, squeeze, expand1x1, expand3x3, head string }

func (n ownNames) of(s *sample) func(i int) string {
	return func(i int) string {
		step := s.steps[i]
		fire := fmt.Sprintf("fire%d.", step.Fire+2)
		switch step.Kind {
		case model.Conv1:
			return n.conv1
		case model.Conv10:
			return n.head
		case model.Squeeze:
			return fire + n.squeeze
		case model.Expand1x1:
			return fire + n.expand1x1
		default:
			return fire + n.expand3x3
		}
	}
}

// TestBatchNormNames: the convolution that a batch normalization follows is found
// by names or by order, in .pth and .safetensors alike.
func TestBatchNormNames(t *testing.T) {
	for name, c := range map[string]struct {
		names ownNames
		norms ownNames
		last  bool // the normalizations of a module after its convolutions
		end   bool // all normalizations after all convolutions
	}{
		"neighbours":     {ownNames{"stem.0", "squeeze.0", "expand1x1.0", "expand3x3.0", "head.0"}, ownNames{"stem.1", "squeeze.1", "expand1x1.1", "expand3x3.1", "head.1"}, false, false},
		"suffix":         {ownNames{"conv1", "squeeze", "expand1x1", "expand3x3", "conv10"}, ownNames{"bn1", "squeeze_bn", "expand1x1_bn", "expand3x3_bn", "bn10"}, true, false},
		"prefix":         {ownNames{"conv1", "squeeze", "expand1x1", "expand3x3", "conv10"}, ownNames{"norm1", "bn_squeeze", "bn_expand1x1", "bn_expand3x3", "norm10"}, true, false},
		"modules":        {ownNames{"conv1.conv", "squeeze.conv", "expand1x1.conv", "expand3x3.conv", "head.conv"}, ownNames{"conv1.bn", "squeeze.bn", "expand1x1.bn", "expand3x3.bn", "head.bn"}, false, true},
		"numbers":        {ownNames{"conv1", "conv1", "conv2", "conv3", "final_conv"}, ownNames{"bn1", "bn1", "bn2", "bn3", "final_bn"}, true, false},
		"numbers, scope": {ownNames{"conv1", "squeeze", "expand1x1", "expand3x3", "conv10"}, ownNames{"bn1", "bn1", "bn2", "bn3", "bn10"}, true, true},
		"Keras' variant": {ownNames{"conv1", "squeeze", "expand_1x1", "expand_3x3", "conv10"}, ownNames{"batchnorm1", "squeeze_batch_norm", "expand_1x1_batch_norm", "expand_3x3_batch_norm", "batchnorm10"}, true, true},
	} {
		s := newSample(t, small11()).normalize()
		convs, norms := c.names.of(s), c.norms.of(s)
		var entries, late []entry
		for i, step := range s.steps {
			both := s.entriesAs(convs)[2*i : 2*i+2]
			entries = append(entries, both...)
			late = append(late, s.norm(norms(i), i)...)
			if !c.end && (!c.last || step.Kind != model.Squeeze && step.Kind != model.Expand1x1) {
				entries, late = append(entries, late...), nil
			}
		}
		entries = append(entries, late...)
		for format, data := range stateDicts(t, s, entries) {
			t.Run(name+", "+format, func(t *testing.T) {
				l := mustRead(t, data, Options{Size: 64})
				s.requireLogits(t, l)
				require.True(t, assumes(l, "batch normalization (26 layers) between convolution and ReLU, with epsilon 1e-05"), "%q", l.Assumed)
			})
		}
	}
}

// TestBatchNormTorchvision has torchvision's names: features.1 normalizes conv1,
// and the numbers no longer show where the pools are.
func TestBatchNormTorchvision(t *testing.T) {
	s := newSample(t, small11())
	s.normalize()
	norm := s.norm("features.1", 0)
	plain := s.norms
	s.norms = nil
	entries := append(s.entries(), norm...)
	want := newSample(t, small11())
	want.norms = make([][4][]float32, len(want.steps))
	for i, step := range want.steps { // identities
		for range step.Out {
			for p, v := range []float32{1, 0, 0, 1 - normEpsilon} {
				want.norms[i][p] = append(want.norms[i][p], v)
			}
		}
	}
	want.norms[0] = plain[0]
	for name, data := range stateDicts(t, s, entries) {
		t.Run(name, func(t *testing.T) { want.requireLogits(t, mustRead(t, data, Options{Size: 64})) })
	}
}

// TestBatchNormJoined: one normalization after the concatenation of the expand
// layers.
func TestBatchNormJoined(t *testing.T) {
	for _, squeezed := range []bool{true, false} { // whether the squeeze layer has one, too
		s := newSample(t, small11()).normalize()
		if !squeezed {
			for i, step := range s.steps {
				if step.Kind != model.Squeeze {
					continue
				}
				for c := range step.Out { // an identity
					for p, v := range []float32{1, 0, 0, 1 - normEpsilon} {
						s.norms[i][p][c] = v
					}
				}
			}
		}
		convs := ownNames{"conv1", "squeeze", "expand1x1", "expand3x3", "conv10"}.of(s)
		norms := ownNames{"bn1", "bn1", "", "bn2", "bn10"}.of(s)
		var entries []entry
		for i, step := range s.steps {
			entries = append(entries, s.entriesAs(convs)[2*i:2*i+2]...)
			switch step.Kind {
			case model.Squeeze, model.Expand1x1:
			case model.Expand3x3:
				if squeezed {
					entries = append(entries, s.norm(norms(i-2), i-2)...)
				}
				both := s.norm(norms(i), i)
				for p, e := range s.norm("", i-1)[:4] {
					both[p].values = slices.Concat(e.values, both[p].values)
					both[p].shape = []int64{int64(len(both[p].values))}
				}
				entries = append(entries, both...)
			default:
				entries = append(entries, s.norm(norms(i), i)...)
			}
		}
		for name, data := range stateDicts(t, s, entries) {
			t.Run(name, func(t *testing.T) { s.requireLogits(t, mustRead(t, data, Options{Size: 64})) })
		}
	}
}

// TestBatchNormWithoutBias: convolutions before a normalization need no bias, and
// a normalization needs no gamma and beta.
func TestBatchNormWithoutBias(t *testing.T) {
	s := newSample(t, small11()).normalize()
	var entries []entry
	for i := range s.steps {
		clear(s.bias[i])
		for c := range s.norms[i][normGamma] {
			s.norms[i][normGamma][c], s.norms[i][normBeta][c] = 1, 0
		}
		entries = append(entries, s.entries()[2*i])
		entries = append(entries, s.norm(s.torchName(i)+"_bn", i)[2:]...)
	}
	for name, data := range stateDicts(t, s, entries) {
		t.Run(name, func(t *testing.T) { s.requireLogits(t, mustRead(t, data, Options{Size: 64})) })
	}
}

func TestBatchNormRejections(t *testing.T) {
	s := newSample(t, small11()).normalize()
	plain := s.entries()
	for text, more := range map[string][]entry{
		`batch normalization "other" (7 channels): neither names nor order`: s.norm("other", len(s.steps)-1)[:5],
		`tensor "x.running_var" is missing`:                                 {{"x.running_mean", []int64{2}, []float32{1, 2}}},
		"cannot be folded without running_mean and running_var":             {{"x.weight", []int64{2}, []float32{1, 2}}, {"x.bias", []int64{2}, []float32{1, 2}}},
		`tensor "x.weight" (1, `:                                            {{"x.weight", []int64{1}, []float32{0.25}}}, // a PReLU
		`tensor "fc.weight" (1x2, `:                                         {{"fc.weight", []int64{1, 2}, []float32{1, 2}}},
		"call torch.nn.utils.remove_weight_norm before saving":              {{"x.weight_g", []int64{1, 1, 1, 1}, []float32{1}}},
		"call torch.nn.utils.prune.remove before saving":                    {{"x.weight_mask", []int64{1, 1, 1, 1}, []float32{1}}},
	} {
		entries := append(slices.Clone(plain), more...)
		if strings.Contains(text, `"other"`) { // several layers of 7 channels come before it
			entries = append(slices.Clone(more), plain...)
		}
		for name, data := range stateDicts(t, s, entries) {
			_, err := read(data, Options{})
			require.ErrorContains(t, err, text, name)
		}
	}
	// A normalization after a ReLU: two numbers after its convolution.
	names := ownNames{"stem.0", "squeeze.0", "expand1x1.0", "expand3x3.0", "head.0"}
	entries := append(s.entriesAs(names.of(s)), s.norm("stem.2", 0)...)
	for name, data := range stateDicts(t, s, entries) {
		_, err := read(data, Options{})
		require.ErrorContains(t, err, `batch normalization "stem.2"`, name)
	}
}

// TestOwnNames: custom networks are recognised by their names or by the shapes
// and the order of the layers.
func TestOwnNames(t *testing.T) {
	for name, c := range map[string]struct {
		names   ownNames
		byShape bool
	}{
		"Sequential":   {ownNames{"stem.0", "squeeze.0", "expand_1x1.0", "expand_3x3.0", "head.1"}, false},
		"modules":      {ownNames{"stem.conv", "squeeze.conv", "expand1x1.conv", "expand3x3.conv", "head"}, false},
		"numbers":      {ownNames{"conv1", "conv1", "conv2", "conv3", "conv10"}, true},
		"other words":  {ownNames{"conv1", "reduce", "wide1", "wide3", "zz"}, true},
		"other order":  {ownNames{"zz", "s", "e3", "e1", "aa"}, true},
		"squeeze only": {ownNames{"conv1", "squeeze", "left", "right", "conv10"}, true},
	} {
		s := newSample(t, small11())
		for format, data := range stateDicts(t, s, s.entriesAs(c.names.of(s))) {
			t.Run(name+", "+format, func(t *testing.T) {
				l := mustRead(t, data, Options{Size: 64})
				s.require(t, l)
				require.Equal(t, c.byShape, reads(l, `roles are taken from their shapes and order: conv1 is "`+c.names.conv1+`"`), "%q", l.Read)
			})
		}
	}
}

// TestOwnNamesRejected: what shapes and order do not determine is rejected,
// with names that would determine it.
func TestOwnNamesRejected(t *testing.T) {
	s := newSample(t, small11())
	names := ownNames{"conv1", "a", "b", "c", "conv10"}
	entries := s.entriesAs(names.of(s))
	entries = slices.Delete(entries, 4, 6) // an expand layer
	for name, data := range stateDicts(t, s, entries) {
		_, err := read(data, Options{})
		require.ErrorContains(t, err, "names like …squeeze, …expand1x1, …expand3x3 are understood", name)
		require.ErrorContains(t, err, "an export as ONNX needs no names", name)
	}
}

// TestExtras: what checkpoints hold in addition to the network is skipped and
// reported, by one rule for .pth and .safetensors.
func TestExtras(t *testing.T) {
	s := newSample(t, small11())
	entries := append([]entry{{"criterion.weight", []int64{7}, make([]float32, 7)}, {"mask", []int64{2}, make([]float32, 2)}}, s.entries()...)
	entries = append(entries, []entry{
		{"loss_fn.pos_weight", []int64{1}, []float32{1}},
		{"temperature.value", nil, []float32{1}},
		{"buffer.none", []int64{0}, nil},
		{"train_metrics.accuracy.correct", []int64{7}, make([]float32, 7)},
	}...)
	for name, data := range stateDicts(t, s, entries) {
		t.Run(name, func(t *testing.T) {
			l := mustRead(t, data, Options{Size: 64})
			s.require(t, l)
			require.Len(t, l.Read, 1)
			require.Contains(t, l.Read[0], `skipped tensors that are no layer's parameters: `)
			require.Contains(t, l.Read[0], "and 2 more")
		})
	}
	step := "{\"a.weight\":{\"dtype\":\"I8\",\"shape\":[1,3,1,1],\"data_offsets\":[0,3]}}"
	_, err := read([]byte(safetensorsText(step, 3)), Options{})
	require.ErrorContains(t, err, "already quantized: use the float network")
}

// TestPickleExtras: plain values of checkpoints are skipped, in the opcodes of
// protocols 2 to 5.
func TestPickleExtras(t *testing.T) {
	text := func(s string) string { return "X" + string([]byte{byte(len(s)), 0, 0, 0}) + s }
	for name, code := range map[string]string{
		"bytes":                  "B\x02\x00\x00\x00ab",
		"short bytes":            "C\x02ab",
		"long bytes":             "\x8e\x02\x00\x00\x00\x00\x00\x00\x00ab",
		"bytes of protocol 2":    "c_codecs\nencode\n" + text("ab") + text("latin1") + "\x86R",
		"bytearray":              "\x96\x02\x00\x00\x00\x00\x00\x00\x00ab",
		"bytearray, protocol 4":  "\x8c\x08builtins\x8c\x09bytearray\x93C\x02ab\x85R",
		"set":                    "\x8f(K\x01K\x02\x90",
		"set of protocol 2":      "c__builtin__\nset\n](K\x01K\x02e\x85R",
		"frozenset":              "(K\x01\x91",
		"frozenset, protocol 2":  "c__builtin__\nfrozenset\n]\x85R",
		"defaultdict of lists":   "ccollections\ndefaultdict\nc__builtin__\nlist\n\x85R(" + text("a") + "](K\x01eu",
		"defaultdict of numbers": "\x8c\x0bcollections\x8c\x0bdefaultdict\x93\x8c\x08builtins\x8c\x05float\x93\x85R",
		"deque":                  "ccollections\ndeque\n]K\x09\x86R(K\x01K\x02e",
		"long text":              "\x8d\x02\x00\x00\x00\x00\x00\x00\x00ab",
		"long number":            "\x8b\x02\x00\x00\x00\x01\x01",
		"NumPy scalar": "cnumpy.core.multiarray\nscalar\ncnumpy\ndtype\n" + text("f8") + "\x89\x88\x87R(K\x03" + text("<") +
			"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tbC\x08\x00\x00\x00\x00\x00\x00\x00\x00\x86R",
		"device": "ctorch\ndevice\n" + text("cpu") + "\x85R",
	} {
		for _, stream := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				s := newSample(t, small11())
				l := mustRead(t, s.torch(t, torchVariant{stream: stream, wrappers: []string{"state_dict"}, extra: code}), Options{Size: 64})
				s.require(t, l)
			})
		}
	}
	for _, code := range []string{"ctorch\nQInt8Storage\n", "ctorch._utils\n_rebuild_qtensor\n", "ctorch.ao.nn.quantized.modules.conv\nConv2d\n"} {
		s := newSample(t, small11())
		_, err := read(s.torch(t, torchVariant{wrappers: []string{"state_dict"}, extra: code}), Options{})
		require.ErrorContains(t, err, "already quantized: use the float network")
	}
}

// TestWrappers: Loaded.Read says which dict of a checkpoint was read.
func TestWrappers(t *testing.T) {
	s := newSample(t, small11())
	for _, key := range wrappers {
		l := mustRead(t, s.torch(t, torchVariant{wrappers: []string{"model", key}, prefix: "module."}), Options{Size: 64})
		s.require(t, l)
		require.True(t, reads(l, `the state dict under the key "model.`+key+`"`), "%q", l.Read)
	}
	require.Empty(t, mustRead(t, s.torch(t, torchVariant{}), Options{Size: 64}).Read)

	// The average of the same network, whose last tensor differs.
	weights := &storage{storageType: storageType{float32Type, 4}}
	state := func() *dict {
		d := &dict{}
		d.set("features.0.weight", &array{storage: weights, shape: []int{1, 3, 1, 1}})
		return d
	}
	saved := &dict{}
	saved.set("ema", state())
	saved.set("model", &dict{keys: []any{"depth"}, values: []any{int64(18)}}) // settings, not tensors
	saved.set("net", state())
	_, err := stateDict(saved)
	require.ErrorContains(t, err, `"features.0.bias" is missing`) // found in one of them
	require.Equal(t, `the state dict under the key "net", not ["ema"]`, wrapperLine([]string{"net"}, []string{"ema"}))
}

// TestTwoNetworks: of a network and its moving average, the former is read.
func TestTwoNetworks(t *testing.T) {
	s := newSample(t, small11())
	prefixed := func(prefix string, of *sample) []entry {
		return of.entriesAs(func(i int) string { return prefix + of.torchName(i) })
	}
	other := newSample(t, small11())
	for i := range other.weights {
		clear(other.weights[i])
	}
	both := append(prefixed("ema_model.module.", other), prefixed("model.", s)...)
	for name, data := range stateDicts(t, s, both) {
		t.Run(name, func(t *testing.T) {
			l := mustRead(t, data, Options{Size: 64})
			s.require(t, l)
			require.True(t, reads(l, `"model" was read`), "%q", l.Read)
		})
	}
	for name, data := range stateDicts(t, s, append(prefixed("ema.module.", other), prefixed("", s)...)) {
		t.Run("average, "+name, func(t *testing.T) {
			l := mustRead(t, data, Options{Size: 64})
			s.require(t, l)
			require.True(t, reads(l, "not its average"), "%q", l.Read)
		})
	}
	both = append(prefixed("a.", other), prefixed("b.", s)...)
	for _, data := range stateDicts(t, s, both) {
		_, err := read(data, Options{})
		require.ErrorContains(t, err, `holds the same network several times, under ["a" "b"]`)
	}
}

func TestNaturalOrder(t *testing.T) {
	names := []string{"a.10", "a.2", "a.2.b", "a", "a.02", "b1", "a.99999999999999999999", "a.x"}
	slices.SortFunc(names, compareNatural)
	require.Equal(t, []string{"a", "a.02", "a.2", "a.2.b", "a.10", "a.99999999999999999999", "a.x", "b1"}, names)
}
