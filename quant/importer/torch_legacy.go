package importer

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// torchMagic is the magic number of torch.save before PyTorch 1.6
// (MAGIC_NUMBER in torch/serialization.py): 0x1950a86a20f9469cfc6c, little-endian.
const torchMagic = "\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19"

// readLegacyTorch reads the legacy format of torch.save: consecutive pickles of
// the magic number, the protocol version (1001), facts about the machine, the
// state dict and the list of storage keys; then, for each key, the number of
// values in 8 bytes and the values.
func readLegacyTorch(data []byte) (*file, error) {
	u := &unpickler{data: data}
	if magic, err := u.run(); err != nil || magic != any(torchMagic) {
		return nil, errors.New("a pickle not written by torch.save: in Python, load it and torch.save its state_dict()")
	}
	if version, err := u.run(); err != nil || version != any(int64(1001)) {
		return nil, errors.New("only version 1001 of torch.save's legacy format is supported")
	}
	machine, err := u.run()
	if err != nil {
		return nil, err
	}
	if d, ok := machine.(*dict); ok {
		if little, stated := d.get("little_endian"); stated && little != any(true) {
			return nil, errors.New("big-endian values are not supported")
		}
	}
	known := storages{}
	u.persistent = func(id tuple) (any, error) {
		s, _, err := known.get(id)
		if err == nil && len(id) > 5 && id[5] != nil {
			err = fmt.Errorf("storage %q is a view of another, as written before PyTorch 0.4: load it and save the state_dict() again", s.key)
		}
		return s, err
	}
	saved, err := u.run()
	if err != nil {
		return nil, err
	}
	u.persistent = nil
	keys, err := u.run()
	if err != nil {
		return nil, err
	}
	if err := known.fill(data, u.pos, keys); err != nil {
		return nil, err
	}
	return stateDict(saved)
}

// fill locates the values of each storage, starting at an offset.
func (m storages) fill(data []byte, at int, keys any) error {
	order, ok := keys.(*list)
	if !ok {
		return fmt.Errorf("offset %d: the list of storage keys is missing", at)
	}
	for _, k := range order.items {
		key, _ := k.(string)
		s := m[key]
		if s == nil {
			return fmt.Errorf("offset %d: storage %q belongs to no tensor", at, key)
		}
		if len(data)-at < 8 {
			return fmt.Errorf("offset %d: storage %q is cut off at the end of the file", at, key)
		}
		count, size := binary.LittleEndian.Uint64(data[at:]), s.size()
		if count != uint64(s.count) {
			return fmt.Errorf("offset %d: storage %q has %d values, expected %d", at, key, count, s.count)
		}
		if at += 8; size > len(data)-at {
			return fmt.Errorf("offset %d: storage %q is cut off at the end of the file", at, key)
		}
		s.data, s.where = data[at:at+size], fmt.Sprintf("storage %s, offset %d", key, at)
		at += size
	}
	for _, s := range m {
		if s.data == nil && s.count > 0 {
			return fmt.Errorf("storage %q is missing", s.key)
		}
	}
	return nil
}
