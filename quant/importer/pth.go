package importer

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// readPTH reads what torch.save wrote, in its new format or its old one.
func readPTH(data []byte) (*contents, error) {
	if isZip(data) {
		return readZip(data)
	}
	return readStream(data)
}

// storage is the memory behind tensors, as torch.save writes it.
type storage struct {
	storageType
	key   string
	where string
	count int    // values
	data  []byte // filled in when it is found in the file
}

// size is the number of bytes.
func (s *storage) size() int { return s.count * s.width }

// storageType is how a storage writes a value, in so many bytes.
type storageType struct {
	kind  dtype
	width int
}

// array is a tensor as a view of a storage; offset and strides count values.
type array struct {
	storage *storage
	offset  int64
	shape   []int
	strides []int64
}

// storageTypes are the classes of storage. Integers are read over: they are
// no weights, yet checkpoints carry them (num_batches_tracked, steps).
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

// constructors are the other globals that a pickle may name, and what they
// build here.
var constructors = map[string]func(tuple) (any, error){
	"torch._utils._rebuild_tensor":    newArray,
	"torch._utils._rebuild_tensor_v2": newArray,
	"torch._utils._rebuild_parameter": first,
	"torch.Size":                      first,
	"collections.OrderedDict":         newDict,
	"collections.defaultdict":         emptyDict,
	"collections.Counter":             emptyDict,
	"__builtin__.dict":                emptyDict,
	"builtins.dict":                   emptyDict,
	"__builtin__.set":                 first,
	"builtins.set":                    first,
}

func first(args tuple) (any, error) {
	if len(args) == 0 {
		return nil, errors.New("needs an argument")
	}
	return args[0], nil
}

func emptyDict(tuple) (any, error) { return &dict{}, nil }

// maxPairs is how many items an ordered dict of pairs may have: only small
// ones are written so, and a list may be named again and again.
const maxPairs = 64

// newDict makes an ordered dict of nothing or, as Python 2 wrote it, of pairs.
func newDict(args tuple) (any, error) {
	d := &dict{}
	if len(args) == 0 {
		return d, nil
	}
	items, ok := args[0].(*list)
	if !ok {
		return nil, errors.New("its argument is no list")
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
			return nil, errors.New("its argument is no list of pairs")
		}
		d.set(pair[0], pair[1])
	}
	return d, nil
}

// newArray takes storage, offset, shape and strides; what follows concerns training.
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
	dims, isShape := integers(args[2])
	strides, isStrides := integers(args[3])
	if !ok || !isInt || !isShape || !isStrides || len(dims) != len(strides) {
		return nil, errors.New("its arguments are not a storage, an offset, a shape and strides")
	}
	a := &array{storage: s, offset: offset, strides: strides}
	if slices.Contains(dims, 0) {
		return a, nil // an empty tensor: harmless, and never a weight
	}
	shape, err := toShape(dims)
	if err != nil {
		return nil, fmt.Errorf("storage %q: %w", s.key, err)
	}
	a.shape = shape
	return a, nil
}

func integers(v any) ([]int64, bool) {
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

// check proves that the view stays inside its storage.
func (a *array) check() error {
	count := int64(a.storage.count)
	last := a.offset
	if last < 0 || last >= count {
		return fmt.Errorf("begins at value %d of a storage of %d", last, count)
	}
	for i, d := range a.shape {
		if a.strides[i] < 0 || d > 1 && a.strides[i] > count {
			return fmt.Errorf("stride %d leaves a storage of %d values", a.strides[i], count)
		}
		if d > 1 {
			last += int64(d-1) * a.strides[i]
		}
		if last >= count {
			return fmt.Errorf("shape %v with strides %v from value %d leaves a storage of %d values", a.shape, a.strides, a.offset, count)
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
		for d := len(index) - 1; d >= 0; d-- { // count up like an odometer
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

// storages are a file's, by key.
type storages map[string]*storage

// get finds or makes the storage of a persistent id: ("storage", class, key,
// device, count, …).
func (m storages) get(id tuple) (s *storage, isNew bool, err error) {
	if len(id) < 5 || id[0] != any("storage") {
		return nil, false, errors.New("a persistent id that is no tensor's storage")
	}
	class, isClass := id[1].(global)
	key, isKey := id[2].(string)
	count, isCount := id[4].(int64)
	kind, known := storageTypes[string(class)]
	switch {
	case !isClass || !isKey || !isCount || !known:
		return nil, false, errors.New("a storage's id is not understood")
	case count < 0 || count > maxElements:
		return nil, false, fmt.Errorf("storage %q claims %d values", key, count)
	}
	if s := m[key]; s != nil {
		if s.storageType != kind || s.count != int(count) {
			return nil, false, fmt.Errorf("storage %q is described in two ways", key)
		}
		return s, false, nil
	}
	m[key] = &storage{storageType: kind, key: key, count: int(count)}
	return m[key], true, nil
}

// wrappers are the keys under which checkpoints keep the state dict.
var wrappers = []string{"state_dict", "model_state_dict", "model_state", "model", "net", "network", "weights", "params"}

// stateDict finds the dict of tensors in what was saved, at most a few
// wrappings deep, and makes contents of it.
func stateDict(saved any) (*contents, error) {
	for range 4 {
		d, ok := saved.(*dict)
		if !ok {
			return nil, errors.New("what was saved is no state dict: save model.state_dict()")
		}
		if tensors := d.tensors(); len(tensors) > 0 {
			convs, err := pairs(tensors)
			return &contents{style: torchvision, convs: convs}, err
		}
		inner := slices.IndexFunc(wrappers, func(key string) bool {
			v, _ := d.get(key)
			_, isDict := v.(*dict)
			return isDict
		})
		if inner < 0 {
			return nil, fmt.Errorf("no tensors and no state_dict inside, only the keys %s", d.keyList())
		}
		saved, _ = d.get(wrappers[inner])
	}
	return nil, errors.New("no state dict within four wrappings")
}

// keyList shows the first keys.
func (d *dict) keyList() string {
	var names []string
	for _, k := range d.keys[:min(len(d.keys), 10)] {
		name, _ := k.(string)
		names = append(names, fmt.Sprintf("%.40q", name))
	}
	return strings.Join(names, ", ")
}

// tensors are the parameters among a dict's values: those whose keys end in a
// layer's ".weight" or the like. A checkpoint may carry loose ones (best_acc1).
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
