package importer

import (
	"cmp"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
)

// maxHeader limits the JSON header. SqueezeNet's has 5 kB.
const maxHeader = 1 << 24

// safetensor is a tensor's entry in the header.
type safetensor struct {
	Dtype   string   `json:"dtype"`
	Shape   []int64  `json:"shape"`
	Offsets [2]int64 `json:"data_offsets"` // begin and end, relative to the end of the header
}

var safetensorTypes = map[string]dtype{
	"F32": float32Type, "F64": float64Type, "F16": float16Type, "BF16": bfloat16Type,
}

// readSafetensors reads the format of github.com/huggingface/safetensors: the
// length of the header in 8 bytes, the header in JSON, then the values without
// gaps. All numbers are little-endian.
func readSafetensors(data []byte) (*file, error) {
	size := binary.LittleEndian.Uint64(data)
	if size > uint64(len(data)-8) {
		return nil, fmt.Errorf("offset 0: the header claims %d bytes, the file has %d: it is truncated", size, len(data))
	}
	start := 8 + int(size)
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(data[8:start], &raw); err != nil {
		return nil, fmt.Errorf("offset 8: header: %w", err)
	}
	stated, metadataErr := readMetadata(raw["__metadata__"])
	delete(raw, "__metadata__")
	if len(raw) > maxItems {
		return nil, fmt.Errorf("%d tensors, at most %d are supported", len(raw), maxItems)
	}
	entries := map[string]*safetensor{}
	for name, text := range raw {
		entry := &safetensor{}
		if err := json.Unmarshal(text, entry); err != nil {
			return nil, fmt.Errorf("header, key %q: %w", name, err)
		}
		entries[name] = entry
	}
	tensors, err := safetensors(entries, data, start)
	if err != nil {
		return nil, err
	}
	restoreOrder(tensors)
	f, err := stateDictFile(tensors)
	if err != nil {
		return nil, err
	}
	switch f.metadata = stated; {
	case metadataErr != nil:
		f.read = append(f.read, fmt.Sprintf("its metadata is ignored: %v", metadataErr))
	case stated != nil:
		f.read = append(f.read, "topology, input and labels from its metadata")
	}
	return f, nil
}

// restoreOrder puts tensors that the writer sorted by name, so that features.10 is
// before features.3, into the order of the numbers in their names. Otherwise the
// order is that of the layers.
func restoreOrder(tensors []*tensor) {
	var names []string
	for _, t := range tensors {
		if !t.integer { // integers are sorted apart
			names = append(names, t.name)
		}
	}
	if slices.IsSorted(names) {
		slices.SortStableFunc(tensors, func(a, b *tensor) int { return compareNatural(a.name, b.name) })
	}
}

// safetensors turns the header's entries into tensors, in the order of their
// values, which must fill the rest of the file.
func safetensors(entries map[string]*safetensor, data []byte, start int) ([]*tensor, error) {
	var names []string
	for name := range entries {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(entries[a].Offsets[0], entries[b].Offsets[0]), cmp.Compare(a, b))
	})
	var tensors []*tensor
	end := int64(0)
	for _, name := range names {
		e := entries[name]
		at := int64(start) + e.Offsets[0]
		t := &tensor{name: name, where: fmt.Sprintf("offset %d", at)}
		if t.empty = slices.Contains(e.Shape, 0); !t.empty {
			shape, err := toShape(e.Shape)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", t, err)
			}
			t.shape = shape
		}
		switch {
		case e.Offsets[0] != end || e.Offsets[1] < end:
			return nil, fmt.Errorf("%s: data_offsets %v do not continue the previous tensor, which ends at %d", t, e.Offsets, end)
		case e.Offsets[1] > int64(len(data)-start):
			return nil, fmt.Errorf("%s: data_offsets %v exceed the file: it is truncated", t, e.Offsets)
		}
		end = e.Offsets[1]
		kind := safetensorTypes[e.Dtype]
		values := data[at : int64(start)+end]
		if t.integer = kind == otherType; t.integer || t.empty {
			t.load = func() ([]float32, error) { return nil, fmt.Errorf("type %s: %w", e.Dtype, errNotFloat) }
		} else if len(values) != t.count()*kind.size() {
			return nil, fmt.Errorf("%s: %d bytes, expected %d for %s", t, len(values), t.count()*kind.size(), e.Dtype)
		} else {
			t.load = func() ([]float32, error) { return kind.decode(values) }
		}
		tensors = append(tensors, t)
	}
	if rest := int64(len(data)-start) - end; rest != 0 {
		return nil, fmt.Errorf("offset %d: %d bytes belong to no tensor", int64(start)+end, rest)
	}
	return tensors, nil
}
