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
}

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
		return a, nil // an empty tensor is never a weight
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

// wrappers are keys under which checkpoints hold the state dict.
var wrappers = []string{"state_dict", "model_state_dict", "model_state", "model", "net", "network", "weights", "params"}

const maxNesting = 4

// stateDict finds the dict of tensors in a saved object, nested in at most
// maxNesting dicts.
func stateDict(saved any) (*file, error) {
	for range maxNesting {
		d, ok := saved.(*dict)
		if !ok {
			return nil, errors.New("the saved object is not a state dict: save model.state_dict()")
		}
		if tensors := d.tensors(); len(tensors) > 0 {
			convs, err := pairs(tensors)
			return &file{framework: torchvision, convs: convs}, err
		}
		inner := slices.IndexFunc(wrappers, func(key string) bool {
			v, _ := d.get(key)
			_, isDict := v.(*dict)
			return isDict
		})
		if inner < 0 {
			return nil, fmt.Errorf("contains neither tensors nor a state_dict, only the keys %s", d.keyList())
		}
		saved, _ = d.get(wrappers[inner])
	}
	return nil, fmt.Errorf("no state dict within %d nested dicts", maxNesting)
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

// tensors returns the parameters among a dict's values: those whose keys are of
// the form LAYER.NAME. Checkpoints also contain other tensors (best_acc1).
func (d *dict) tensors() []*tensor {
	var tensors []*tensor
	for i, k := range d.keys {
		name, _ := k.(string)
		a, ok := d.values[i].(*array)
		if !ok || !strings.Contains(name, ".") {
			continue
		}
		t := &tensor{name: name, where: a.storage.where, shape: a.shape}
		t.load = func() ([]float32, error) { return a.read(t.count()) }
		tensors = append(tensors, t)
	}
	return tensors
}
