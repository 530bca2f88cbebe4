package importer

import (
	"archive/zip"
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/model"
)

func TestTorchSpellings(t *testing.T) {
	for name, variant := range map[string]torchVariant{
		"plain":      {},
		"ordered":    {ordered: true},
		"module":     {prefix: "module."},
		"checkpoint": {wrappers: []string{"state_dict"}, prefix: "module.", ordered: true},
		"nested":     {wrappers: []string{"model", "state_dict"}},
		"half":       {storage: "HalfStorage", kind: float16Type},
		"bfloat":     {storage: "BFloat16Storage", kind: bfloat16Type},
		"double":     {storage: "DoubleStorage", kind: float64Type},
		"strides":    {columns: true, offset: 5},
		"parameters": {params: true},
	} {
		for _, stream := range []bool{false, true} {
			variant.stream = stream
			kind := map[bool]string{false: " zip", true: " stream"}[stream]
			t.Run(name+kind, func(t *testing.T) {
				s := newSample(t, slim(model.V11()))
				s.topology.Size = 224
				l := mustRead(t, s.torch(t, variant), Options{})
				s.require(t, l)
				require.Equal(t, "pth", l.Format)
			})
		}
	}
}

func TestSafetensorsTypes(t *testing.T) {
	for kind := range safetensorsNames {
		s := newSample(t, slim(model.V11()))
		s.topology.Size = 224
		l := mustRead(t, s.safetensors(kind), Options{})
		s.require(t, l)
		require.Equal(t, "safetensors", l.Format)
	}
}

func TestPoolGapsMustAgree(t *testing.T) {
	s := newSample(t, slim(model.V11()))
	s.topology.PoolAfter = []int{1, 3, 6} // according to the names; the shapes are those of v1.1
	_, err := read(s.safetensors(float32Type), Options{})
	require.ErrorContains(t, err, "imply pools after [1 3 6], not [1 3 5]")
}

func TestTorchRejections(t *testing.T) {
	s := newSample(t, slim(model.V11()))
	for _, stream := range []bool{false, true} {
		_, err := read(s.torch(t, torchVariant{class: "SqueezeNet", stream: stream}), Options{})
		require.ErrorContains(t, err, `"torchvision.models.squeezenet.SqueezeNet" would have to be executed`)
		require.ErrorContains(t, err, "save model.state_dict()")
		_, err = read(s.torch(t, torchVariant{wrappers: []string{"mine"}, stream: stream}), Options{})
		require.ErrorContains(t, err, `only the keys "epoch", "optimizer", "mine"`)
	}
	pickle := func(code string) map[string][]byte { return map[string][]byte{"data.pkl": []byte(code)} }
	for text, entries := range map[string]map[string][]byte{
		`"os.system" would have to be executed`:     pickle("\x80\x02cos\nsystem\nX\x02\x00\x00\x00ls\x85R."),
		`"builtins.eval" would have to be executed`: pickle("\x80\x04\x8c\x08builtins\x8c\x04eval\x93."),
		"opcode 0x81 does not occur":                pickle("\x80\x02)\x81."),
		"memo 7 is empty":                           pickle("\x80\x02h\x07."),
		"the stack is empty":                        pickle("\x80\x02."),
		"truncated":                                 pickle("\x80\x02X\xff\xff\xff\xff"),
		"a call of a value that is not callable":    pickle("\x80\x02ctorch\nFloatStorage\n)R."),
		"a persistent id that is not a tensor's":    pickle("\x80\x02(X\x06\x00\x00\x00moduletQ."),
		"the id of a storage is malformed":          pickle("\x80\x02(X\x07\x00\x00\x00storageX\x01\x00\x00\x000NNNtQ."),
		`entry "mine/data/0" is missing`:            pickle("\x80\x02(X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000NK\x02tQ."),
		"the saved object is not a state dict":      pickle("\x80\x02]."),
		"without data.pkl":                          {"x": nil},
		"a TorchScript archive":                     {"data.pkl": nil, "constants.pkl": nil},
		`byte order "big" is not supported`:         {"data.pkl": nil, "byteorder": []byte("big")},
	} {
		_, err := read(zipOf(t, "mine/", zip.Store, entries), Options{})
		require.ErrorContains(t, err, text)
	}
	_, err := read(zipOf(t, "mine/", zip.Deflate, pickle(".")), Options{})
	require.ErrorContains(t, err, `entry "mine/data.pkl" is compressed`)
	_, err = read([]byte("\x80\x02}."), Options{})
	require.ErrorContains(t, err, "a pickle not written by torch.save")
}

// TestViews: a tensor is a view of its storage and must stay within it.
func TestViews(t *testing.T) {
	s := &storage{storageType: storageType{float32Type, 4}, count: 4, data: encode(float32Type, []float32{1, 2, 3, 4})}
	v, err := (&array{storage: s, offset: 1, shape: []int{1, 3}, strides: []int64{99, 1}}).read(3)
	require.NoError(t, err)
	require.Equal(t, []float32{2, 3, 4}, v)
	for text, a := range map[string]*array{
		"exceed a storage of 4 values":      {storage: s, offset: 1, shape: []int{2, 2}, strides: []int64{2, 1}},
		"stride -1":                         {storage: s, shape: []int{2}, strides: []int64{-1}},
		"stride 9223372036854775807":        {storage: s, shape: []int{3}, strides: []int64{1<<63 - 1}},
		"begins at value 4 of a storage of": {storage: s, offset: 4, shape: []int{1}, strides: []int64{1}},
		"begins at value -1":                {storage: s, offset: -1, shape: []int{1}, strides: []int64{1}},
	} {
		_, err := a.read(1)
		require.ErrorContains(t, err, text)
	}
}

// TestSharedBytes: tensors that share bytes cannot claim more weights than the
// file holds, and the check precedes every read.
func TestSharedBytes(t *testing.T) {
	s := newSample(t, slim(model.V11()))
	var convs []conv
	for i, step := range s.steps {
		convs = append(convs, conv{name: s.torchName(i), weights: &tensor{name: step.Name, where: "everywhere",
			shape: []int{step.Out, step.In, step.Kernel, step.Kernel}, load: func() ([]float32, error) {
				require.Fail(t, "read before the size was checked")
				return nil, nil
			}}})
	}
	_, err := build(&file{format: formatTorch, framework: torchvision, convs: convs}, &overrides{}, 1000)
	require.ErrorContains(t, err, "more than a file of 1000 bytes can hold")
}

// TestPickleValues reads output of Python's pickler: protocol 4 with frames and
// memo, and an OrderedDict of pairs as written by Python 2.
func TestPickleValues(t *testing.T) {
	run := func(code string) any {
		v, err := (&unpickler{data: []byte(code)}).run()
		require.NoError(t, err)
		return v
	}
	framed := run("\x80\x04\x95\x1a\x00\x00\x00\x00\x00\x00\x00}\x94(\x8c\x01a\x94K\x01\x8c\x01b\x94G?\xe0\x00\x00\x00\x00\x00\x00\x8c\x01c\x94h\x02u.")
	require.Equal(t, &dict{keys: []any{"a", "b", "c"}, values: []any{int64(1), 0.5, "b"}}, framed)
	require.Equal(t, &dict{keys: []any{"a"}, values: []any{int64(-2)}},
		run("\x80\x02ccollections\nOrderedDict\nq\x00]q\x01]q\x02(U\x01aJ\xfe\xff\xff\xffea\x85q\x03Rq\x04."))
	require.Equal(t, &dict{}, run("\x80\x02ccollections\ndefaultdict\nc__builtin__\ndict\n\x85R."))
	require.Equal(t, tuple{int64(-1), int64(0), true, nil}, run("\x80\x02(\x8a\x01\xff\x8a\x00\x88Nt."))
	require.Equal(t, tuple{int64(3)}, run("\x80\x02ctorch\nSize\nK\x03\x85\x85R."))
	for text, code := range map[string]string{
		"items for a value that is neither": "\x80\x02K\x01K\x02a.",
		"no mark on the stack":              "\x80\x02}u.",
		"a mark instead of a value":         "\x80\x02((\x85.",
		"not a list of pairs":               "\x80\x02ccollections\nOrderedDict\n]K\x01a\x85R.",
		"needs four arguments":              "\x80\x02ctorch._utils\n_rebuild_tensor_v2\n)R.",
		"are not a storage":                 "\x80\x02ctorch._utils\n_rebuild_tensor\n(NNNNtR.",
	} {
		_, err := (&unpickler{data: []byte(code)}).run()
		require.ErrorContains(t, err, text)
	}
}

// TestPickleBounds: claims of a small pickle allocate nothing, and a long pickle
// is rejected.
func TestPickleBounds(t *testing.T) {
	long := append([]byte{opProto, 2}, make([]byte, maxPickle+2)...)
	for i := range long[2:] {
		long[2+i] = opNone
	}
	_, err := (&unpickler{data: long}).run()
	require.ErrorContains(t, err, "is not a state dict")
	_, _, err = storages{}.get(tuple{"storage", global("torch.FloatStorage"), "0", "cpu", int64(1) << 60})
	require.ErrorContains(t, err, `storage "0" claims 1152921504606846976 values`)
	known := storages{}
	_, _, err = known.get(tuple{"storage", global("torch.FloatStorage"), "0", "cpu", int64(4)})
	require.NoError(t, err)
	_, _, err = known.get(tuple{"storage", global("torch.LongStorage"), "0", "cpu", int64(4)})
	require.ErrorContains(t, err, "two contradicting descriptions")
}

// TestPicklesThatCopy: long lists of pairs and shapes of many dimensions are
// rejected before they are copied.
func TestPicklesThatCopy(t *testing.T) {
	items := &list{}
	for range maxPairs + 1 {
		items.items = append(items.items, tuple{"a", int64(1)})
	}
	_, err := newDict(tuple{items})
	require.ErrorContains(t, err, "a list of 65 pairs")
	long := make(tuple, maxRank+1)
	_, err = newArray(tuple{&storage{}, int64(0), long, long})
	require.ErrorContains(t, err, "a shape of 9 dimensions")
}

// TestZipOverlap: entries that share their bytes are rejected.
func TestZipOverlap(t *testing.T) {
	data := zipOf(t, "a", zip.Store, map[string][]byte{"x": make([]byte, 4000)})
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	require.NoError(t, err)
	z := &zipFile{data: data, entries: map[string]*zip.File{"x": archive.File[0]}}
	_, _, err = z.bytes("x")
	require.NoError(t, err)
	_, _, err = z.bytes("x")
	require.ErrorContains(t, err, "overlaps with others")
}
