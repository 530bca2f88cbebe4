package importer

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// readTorch reads a file of torch.save: the zip format (since PyTorch 1.6) or the
// legacy format.
func readTorch(data []byte) (*file, error) {
	if isZip(data) {
		return readTorchZip(data)
	}
	return readLegacyTorch(data)
}

// storage is the memory of one or several tensors.
type storage struct {
	storageType
	key   string
	where string
	count int    // values
	data  []byte // set when its position in the file is known
}

// size returns the number of bytes.
func (s *storage) size() int { return s.count * s.width }

// storageType is the data type of a storage and its width in bytes.
type storageType struct {
	kind  dtype
	width int
}

// array is a tensor: a view of a storage. Offset and strides count values.
type array struct {
	storage *storage
	offset  int64
	shape   []int
	strides []int64
	empty   bool // a dimension is 0; shape is nil
}

// storageTypes are the classes of storages. Integers are skipped: they are not
// weights, but checkpoints contain them (num_batches_tracked, steps).
var storageTypes = map[string]storageType{
	"torch.FloatStorage":    {float32Type, 4},
	"torch.DoubleStorage":   {float64Type, 8},
	"torch.HalfStorage":     {float16Type, 2},
	"torch.BFloat16Storage": {bfloat16Type, 2},
	"torch.LongStorage":     {otherType, 8},
	"torch.IntStorage":      {otherType, 4},
	"torch.ShortStorage":    {otherType, 2},
	"torch.CharStorage":     {otherType, 1},
	"torch.ByteStorage":     {otherType, 1},
	"torch.BoolStorage":     {otherType, 1},
}

// constructors are the other globals that a pickle may name, with the function
// that stands in for them.
var constructors = map[string]func(tuple) (any, error){
	"torch._utils._rebuild_tensor":    newArray,
	"torch._utils._rebuild_tensor_v2": newArray,
	"torch._utils._rebuild_parameter": firstArgument,
	"torch.Size":                      firstArgument,
	"collections.OrderedDict":         newDict,
	"collections.defaultdict":         emptyDict,
	"collections.Counter":             emptyDict,
	"__builtin__.dict":                emptyDict,
	"builtins.dict":                   emptyDict,
	"__builtin__.set":                 firstArgument,
	"builtins.set":                    firstArgument,
	"__builtin__.frozenset":           firstArgument,
	"builtins.frozenset":              firstArgument,
	"__builtin__.list":                emptyList,
	"builtins.list":                   emptyList,
	"collections.deque":               emptyList,
}

// plainClasses are classes of values that are skipped in checkpoints: numbers,
// text, bytes, sizes, times, NumPy's scalars.
var plainClasses = []string{
	"__builtin__.int", "__builtin__.long", "__builtin__.float", "__builtin__.bool", "__builtin__.str", "__builtin__.unicode",
	"__builtin__.tuple", "__builtin__.complex", "__builtin__.bytes", "__builtin__.bytearray",
	"builtins.int", "builtins.float", "builtins.bool", "builtins.str",
	"builtins.tuple", "builtins.complex", "builtins.bytes", "builtins.bytearray", "builtins.slice", "builtins.range",
	"_codecs.encode", "datetime.datetime", "datetime.date", "datetime.timedelta",
	"pathlib.Path", "pathlib.PosixPath", "pathlib.PurePosixPath", "pathlib.WindowsPath", "pathlib.PureWindowsPath",
	"numpy.dtype", "numpy.ndarray", "numpy.core.multiarray.scalar", "numpy.core.multiarray._reconstruct",
	"numpy._core.multiarray.scalar", "numpy._core.multiarray._reconstruct",
	"torch.device", "torch.float32", "torch.float64", "torch.float16", "torch.bfloat16", "torch.int64", "torch.int32", "torch.uint8", "torch.bool",
}

// opaque is a value that is skipped.
type opaque struct{}

func skippedValue(tuple) (any, error) { return opaque{}, nil }

// constructor returns the function that stands in for a global, nil if the global
// is not in the allow-list.
func constructor(global string) func(tuple) (any, error) {
	if slices.Contains(plainClasses, global) {
		return skippedValue
	}
	return constructors[global]
}

func emptyList(tuple) (any, error) { return &list{}, nil }

func firstArgument(args tuple) (any, error) {
	if len(args) == 0 {
		return nil, errors.New("needs an argument")
	}
	return args[0], nil
}

func emptyDict(tuple) (any, error) { return &dict{}, nil }

// maxPairs limits the pairs that an ordered dict is built from. Only small ones
// are written that way, and a pickle can refer to the same list many times.
const maxPairs = 64

// newDict builds an empty ordered dict or, as Python 2 wrote it, one from pairs.
func newDict(args tuple) (any, error) {
	d := &dict{}
	if len(args) == 0 {
		return d, nil
	}
	items, ok := args[0].(*list)
	if !ok {
		return nil, errors.New("its argument is not a list")
	}
	if len(items.items) > maxPairs {
		return nil, fmt.Errorf("a list of %d pairs: load and save the state dict with a newer Python", len(items.items))
	}
	for _, item := range items.items {
		if l, isList := item.(*list); isList {
			item = tuple(l.items)
		}
		pair, ok := item.(tuple)
		if !ok || len(pair) != 2 {
			return nil, errors.New("its argument is not a list of pairs")
		}
		d.set(pair[0], pair[1])
	}
	return d, nil
}

// newArray builds a tensor from storage, offset, shape and strides. The other
// arguments concern training.
func newArray(args tuple) (any, error) {
	if len(args) < 4 {
		return nil, errors.New("needs four arguments")
	}
	for _, v := range args[2:4] {
		if t, isTuple := v.(tuple); isTuple && len(t) > maxRank {
			return nil, fmt.Errorf("a shape of %d dimensions", len(t))
		}
	}
	s, ok := args[0].(*storage)
	offset, isInt := args[1].(int64)
	dims, isShape := intTuple(args[2])
	strides, isStrides := intTuple(args[3])
	if !ok || !isInt || !isShape || !isStrides || len(dims) != len(strides) {
		return nil, errors.New("its arguments are not a storage, an offset, a shape and strides")
	}
	a := &array{storage: s, offset: offset, strides: strides}
	if slices.Contains(dims, 0) {
		a.empty = true
		return a, nil
	}
	shape, err := toShape(dims)
	if err != nil {
		return nil, fmt.Errorf("storage %q: %w", s.key, err)
	}
	a.shape = shape
	return a, nil
}

func intTuple(v any) ([]int64, bool) {
	t, ok := v.(tuple)
	if !ok {
		return nil, false
	}
	out := make([]int64, len(t))
	for i, x := range t {
		if out[i], ok = x.(int64); !ok {
			return nil, false
		}
	}
	return out, true
}

// check verifies that the view stays within its storage.
func (a *array) check() error {
	count := int64(a.storage.count)
	last := a.offset
	if last < 0 || last >= count {
		return fmt.Errorf("begins at value %d of a storage of %d values", last, count)
	}
	for i, d := range a.shape {
		if a.strides[i] < 0 || d > 1 && a.strides[i] > count {
			return fmt.Errorf("stride %d exceeds a storage of %d values", a.strides[i], count)
		}
		if d > 1 {
			last += int64(d-1) * a.strides[i]
		}
		if last >= count {
			return fmt.Errorf("shape %v with strides %v from value %d exceed a storage of %d values", a.shape, a.strides, a.offset, count)
		}
	}
	return nil
}

// read gathers the values in row-major order.
func (a *array) read(count int) ([]float32, error) {
	if err := a.check(); err != nil {
		return nil, err
	}
	s := a.storage
	if s.kind == otherType {
		return nil, errNotFloat
	}
	v := make([]float32, 0, count)
	index := make([]int, len(a.shape))
	at := a.offset
	for range count {
		v = append(v, s.kind.at(s.data, int(at)))
		for d := len(index) - 1; d >= 0; d-- { // advance the index like an odometer
			index[d]++
			at += a.strides[d]
			if index[d] < a.shape[d] {
				break
			}
			at -= a.strides[d] * int64(a.shape[d])
			index[d] = 0
		}
	}
	return v, nil
}

// storages maps the keys of a file to its storages.
type storages map[string]*storage

// get finds or creates the storage of a persistent id, which is the tuple
// ("storage", class, key, device, count, …).
func (m storages) get(id tuple) (s *storage, isNew bool, err error) {
	if len(id) < 5 || id[0] != any("storage") {
		return nil, false, errors.New("a persistent id that is not a tensor's storage")
	}
	class, isClass := id[1].(global)
	key, isKey := id[2].(string)
	count, isCount := id[4].(int64)
	kind, known := storageTypes[string(class)]
	switch {
	case !isClass || !isKey || !isCount || !known:
		return nil, false, errors.New("the id of a storage is malformed")
	case count < 0 || count > maxElements:
		return nil, false, fmt.Errorf("storage %q claims %d values", key, count)
	}
	if s := m[key]; s != nil {
		if s.storageType != kind || s.count != int(count) {
			return nil, false, fmt.Errorf("storage %q has two contradicting descriptions", key)
		}
		return s, false, nil
	}
	m[key] = &storage{storageType: kind, key: key, count: int(count)}
	return m[key], true, nil
}

// wrappers are keys under which checkpoints hold the state dict, those of the
// trained network before those of its moving average.
var wrappers = []string{"state_dict", "model_state_dict", "model_state", "model", "net", "network", "module", "weights", "params",
	"net_state_dict", "model_weights", "best_state_dict", "best_model_state_dict", "best_model",
	"ema", "ema_state_dict", "state_dict_ema", "model_ema", "ema_model", "ema_model_state_dict", "params_ema"}

const maxNesting = 4

// stateDict finds the dict of tensors in a saved object, nested in at most
// maxNesting dicts.
func stateDict(saved any) (*file, error) {
	var path []string
	var others []string
	for range maxNesting {
		d, ok := saved.(*dict)
		if !ok {
			return nil, errors.New("the saved object is not a state dict: save model.state_dict()")
		}
		if d.isStateDict() {
			f, err := stateDictFile(d.tensors())
			if err == nil && len(path) > 0 {
				f.read = slices.Insert(f.read, 0, wrapperLine(path, others))
			}
			return f, err
		}
		var inner []string
		for _, key := range wrappers {
			v, _ := d.get(key)
			if w, isDict := v.(*dict); isDict && w.holdsTensors(maxNesting) {
				inner = append(inner, key)
			}
		}
		if len(inner) == 0 {
			return nil, fmt.Errorf("contains neither tensors nor a state_dict, only the keys %s", d.keyList())
		}
		saved, _ = d.get(inner[0])
		path, others = append(path, inner[0]), append(others, inner[1:]...)
	}
	return nil, fmt.Errorf("no state dict within %d nested dicts", maxNesting)
}

// wrapperLine says which of a checkpoint's dicts was read.
func wrapperLine(path, others []string) string {
	line := fmt.Sprintf("the state dict under the key %q", strings.Join(path, "."))
	if len(others) > 0 {
		line += fmt.Sprintf(", not %q", others)
	}
	return line
}

// isStateDict reports whether a dict holds parameters of layers: their keys are
// of the form LAYER.NAME. Checkpoints contain other tensors, too (best_acc1).
func (d *dict) isStateDict() bool {
	for i, k := range d.keys {
		name, _ := k.(string)
		if a, ok := d.values[i].(*array); ok && strings.Contains(name, ".") && len(a.shape) > 0 && !extraName.MatchString(name) {
			return true
		}
	}
	return false
}

// holdsTensors reports whether a dict or one of its wrappers is a state dict.
func (d *dict) holdsTensors(depth int) bool {
	if d.isStateDict() {
		return true
	}
	return depth > 1 && slices.ContainsFunc(wrappers, func(key string) bool {
		v, _ := d.get(key)
		w, isDict := v.(*dict)
		return isDict && w.holdsTensors(depth-1)
	})
}

// keyList formats the first keys.
func (d *dict) keyList() string {
	var names []string
	for _, k := range d.keys[:min(len(d.keys), 10)] {
		name, _ := k.(string)
		names = append(names, fmt.Sprintf("%.40q", name))
	}
	return strings.Join(names, ", ")
}

// tensors returns the tensors among a dict's values.
func (d *dict) tensors() []*tensor {
	var tensors []*tensor
	for i, k := range d.keys {
		name, isName := k.(string)
		a, ok := d.values[i].(*array)
		if !ok || !isName {
			continue
		}
		t := &tensor{name: name, where: a.storage.where, shape: a.shape, empty: a.empty, integer: a.storage.kind == otherType}
		t.load = func() ([]float32, error) { return a.read(t.count()) }
		tensors = append(tensors, t)
	}
	return tensors
}
