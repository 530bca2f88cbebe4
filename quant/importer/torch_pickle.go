package importer

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"strings"
)

// The opcodes of Python's pickle (pickletools.py in CPython, PEP 307,
// PEP 3154 and PEP 574) that torch.save uses for state dicts. All others are rejected.
const (
	opMark           = '('
	opBinBytes       = 'B'
	opShortBinBytes  = 'C'
	opStop           = '.'
	opPop            = '0'
	opBinFloat       = 'G'
	opBinInt         = 'J'
	opBinInt1        = 'K'
	opBinInt2        = 'M'
	opNone           = 'N'
	opBinPersID      = 'Q'
	opReduce         = 'R'
	opBinString      = 'T'
	opShortBinString = 'U'
	opBinUnicode     = 'X'
	opEmptyList      = ']'
	opAppend         = 'a'
	opBuild          = 'b'
	opGlobal         = 'c'
	opAppends        = 'e'
	opBinGet         = 'h'
	opLongBinGet     = 'j'
	opBinPut         = 'q'
	opLongBinPut     = 'r'
	opSetItem        = 's'
	opTuple          = 't'
	opSetItems       = 'u'
	opEmptyTuple     = ')'
	opEmptyDict      = '}'
	opProto          = 0x80
	opTuple1         = 0x85
	opTuple2         = 0x86
	opTuple3         = 0x87
	opNewTrue        = 0x88
	opNewFalse       = 0x89
	opLong1          = 0x8a
	opLong4          = 0x8b
	opShortUnicode   = 0x8c
	opBinUnicode8    = 0x8d
	opBinBytes8      = 0x8e
	opEmptySet       = 0x8f
	opAddItems       = 0x90
	opFrozenSet      = 0x91
	opStackGlobal    = 0x93
	opMemoize        = 0x94
	opFrame          = 0x95
	opByteArray8     = 0x96
)

// Values of a pickle: nil, bool, int64, float64, string, tuple, *list, *dict,
// global, and the results of constructors (torch.go).
type (
	tuple  []any
	list   struct{ items []any }
	dict   struct{ keys, values []any }
	global string // module.name, which is in the allow-list
	mark   struct{}
)

// get returns the value of a string key. As in Python, the last one set wins.
func (d *dict) get(key string) (any, bool) {
	for i := len(d.keys) - 1; i >= 0; i-- {
		if d.keys[i] == any(key) {
			return d.values[i], true
		}
	}
	return nil, false
}

func (d *dict) set(key, value any) {
	d.keys, d.values = append(d.keys, key), append(d.values, value)
}

// saveStateDict is the advice for files that hold more than plain values.
const saveStateDict = "in Python, load the file and save model.state_dict() alone (or its [\"state_dict\"])"

// maxPickle limits the bytes of a pickle, which does not hold the values of
// tensors. SqueezeNet's has 5 kB. A byte can take up to thirty in memory.
const maxPickle = 1 << 22

// unpickler interprets a pickle. It executes no code of the file: a global is
// only a name, it must be in the allow-list (storageTypes, constructors and plainClasses), and
// calling it builds one of the values above.
type unpickler struct {
	data       []byte
	pos        int
	base       int // offset of data in the file, for error messages
	stack      []any
	memo       map[uint32]any
	persistent func(id tuple) (any, error) // resolves a storage
}

// run reads one pickle and advances pos past it.
func (u *unpickler) run() (any, error) {
	u.stack, u.memo = nil, map[uint32]any{}
	limit := u.pos + maxPickle
	for {
		at := u.pos
		if at > limit {
			return nil, fmt.Errorf("offset %d: a pickle of more than %d bytes is not a state dict", u.base+at, maxPickle)
		}
		code, err := u.take(1)
		if err == nil && code[0] == opStop {
			var v any
			if v, err = u.pop(); err == nil {
				return v, nil
			}
		}
		if err == nil {
			err = u.step(code[0])
		}
		if err != nil {
			return nil, fmt.Errorf("pickle, offset %d: %w", u.base+at, err)
		}
	}
}

// take returns the next n bytes and advances past them.
func (u *unpickler) take(n uint64) ([]byte, error) {
	if n > uint64(len(u.data)-u.pos) {
		return nil, fmt.Errorf("truncated")
	}
	u.pos += int(n)
	return u.data[u.pos-int(n) : u.pos], nil
}

// number reads an unsigned little-endian number of 1, 2, 4 or 8 bytes.
func (u *unpickler) number(size int) (uint64, error) {
	b, err := u.take(uint64(size))
	if err != nil {
		return 0, err
	}
	var whole [8]byte
	copy(whole[:], b)
	return binary.LittleEndian.Uint64(whole[:]), nil
}

// text reads a string after its length, which takes size bytes.
func (u *unpickler) text(size int) (string, error) {
	n, err := u.number(size)
	if err != nil {
		return "", err
	}
	b, err := u.take(n)
	return string(b), err
}

// line reads up to a newline.
func (u *unpickler) line() (string, error) {
	n := bytes.IndexByte(u.data[u.pos:], '\n')
	if n < 0 {
		return "", fmt.Errorf("truncated")
	}
	b, err := u.take(uint64(n + 1))
	return strings.TrimSuffix(string(b), "\n"), err
}

func (u *unpickler) push(v any) { u.stack = append(u.stack, v) }

func (u *unpickler) pop() (any, error) {
	if len(u.stack) == 0 {
		return nil, fmt.Errorf("the stack is empty")
	}
	v := u.stack[len(u.stack)-1]
	u.stack = u.stack[:len(u.stack)-1]
	if _, isMark := v.(mark); isMark {
		return nil, fmt.Errorf("a mark instead of a value")
	}
	return v, nil
}

// popMark pops everything above the last mark, and the mark.
func (u *unpickler) popMark() ([]any, error) {
	for i := len(u.stack) - 1; i >= 0; i-- {
		if _, isMark := u.stack[i].(mark); isMark {
			items := append([]any(nil), u.stack[i+1:]...)
			u.stack = u.stack[:i]
			return items, nil
		}
	}
	return nil, fmt.Errorf("no mark on the stack")
}

// popN pops n values as a tuple.
func (u *unpickler) popN(n int) (tuple, error) {
	t := make(tuple, n)
	for i := n - 1; i >= 0; i-- {
		v, err := u.pop()
		if err != nil {
			return nil, err
		}
		t[i] = v
	}
	return t, nil
}

// step interprets one opcode.
func (u *unpickler) step(code byte) error {
	switch code {
	case opProto:
		_, err := u.take(1)
		return err
	case opFrame:
		_, err := u.take(8)
		return err
	case opMark:
		u.push(mark{})
		return nil
	case opPop:
		_, err := u.pop()
		return err
	case opNone, opNewTrue, opNewFalse, opEmptyTuple, opEmptyList, opEmptyDict, opBinInt, opBinInt1, opBinInt2,
		opLong1, opBinFloat, opBinString, opShortBinString, opBinUnicode, opShortUnicode,
		opLong4, opBinUnicode8, opBinBytes, opShortBinBytes, opBinBytes8, opByteArray8, opEmptySet:
		v, err := u.literal(code)
		u.push(v)
		return err
	case opTuple, opTuple1, opTuple2, opTuple3:
		return u.tuple(code)
	case opFrozenSet:
		items, err := u.popMark()
		u.push(&list{items})
		return err
	case opAppend, opAppends, opAddItems, opSetItem, opSetItems:
		return u.fill(code)
	case opBinPut, opLongBinPut, opMemoize, opBinGet, opLongBinGet:
		return u.remember(code)
	case opGlobal, opStackGlobal:
		return u.global(code)
	case opReduce, opBuild, opBinPersID:
		return u.construct(code)
	}
	return fmt.Errorf("opcode 0x%02x does not occur in a state dict: %s", code, saveStateDict)
}

// literal reads a plain value.
func (u *unpickler) literal(code byte) (any, error) {
	switch code {
	case opNewTrue, opNewFalse:
		return code == opNewTrue, nil
	case opEmptyTuple:
		return tuple{}, nil
	case opEmptyList, opEmptySet: // a set is a list of its items
		return &list{}, nil
	case opEmptyDict:
		return &dict{}, nil
	case opBinInt:
		n, err := u.number(4)
		return int64(int32(n)), err
	case opBinInt1:
		n, err := u.number(1)
		return int64(n), err
	case opBinInt2:
		n, err := u.number(2)
		return int64(n), err
	case opLong1:
		return u.long(1)
	case opLong4:
		return u.long(4)
	case opBinFloat:
		b, err := u.take(8)
		if err != nil {
			return nil, err
		}
		return math.Float64frombits(binary.BigEndian.Uint64(b)), nil
	case opBinString, opBinUnicode:
		return u.text(4)
	case opShortBinString, opShortUnicode:
		return u.text(1)
	case opBinUnicode8:
		return u.text(8)
	case opShortBinBytes:
		return u.bytes(1)
	case opBinBytes:
		return u.bytes(4)
	case opBinBytes8, opByteArray8:
		return u.bytes(8)
	}
	return nil, nil // opNone
}

// bytes skips bytes, which no state dict needs, after their length, which takes
// size bytes.
func (u *unpickler) bytes(size int) (any, error) {
	n, err := u.number(size)
	if err == nil {
		_, err = u.take(n)
	}
	return opaque{}, err
}

// long reads a two's complement number of any length, which takes size bytes. A
// number of more than 8 bytes is returned as a string of its bytes.
func (u *unpickler) long(size int) (any, error) {
	text, err := u.text(size)
	if err != nil || len(text) > 8 {
		return text, err
	}
	var whole [8]byte
	if len(text) > 0 && text[len(text)-1] >= 0x80 {
		whole = [8]byte{255, 255, 255, 255, 255, 255, 255, 255}
	}
	copy(whole[:], text)
	return int64(binary.LittleEndian.Uint64(whole[:])), nil
}

func (u *unpickler) tuple(code byte) error {
	var t tuple
	var err error
	if code == opTuple {
		t, err = u.popMark()
	} else {
		t, err = u.popN(int(code-opTuple1) + 1)
	}
	u.push(t)
	return err
}

// fill adds values to the list or dict below them on the stack.
func (u *unpickler) fill(code byte) error {
	var items []any
	var err error
	switch code {
	case opAppend:
		items, err = u.popN(1)
	case opSetItem:
		items, err = u.popN(2)
	default:
		items, err = u.popMark()
	}
	if err != nil {
		return err
	}
	into, err := u.pop()
	if err != nil {
		return err
	}
	u.push(into)
	switch into := into.(type) {
	case *list:
		if code == opAppend || code == opAppends || code == opAddItems {
			into.items = append(into.items, items...)
			return nil
		}
	case *dict:
		if (code == opSetItem || code == opSetItems) && len(items)%2 == 0 {
			for i := 0; i < len(items); i += 2 {
				into.set(items[i], items[i+1])
			}
			return nil
		}
	}
	return fmt.Errorf("items for a value that is neither a list nor a dict")
}

// remember stores values in the memo and fetches them.
func (u *unpickler) remember(code byte) error {
	var key uint64
	var err error
	switch code {
	case opBinPut, opBinGet:
		key, err = u.number(1)
	case opMemoize:
		key = uint64(len(u.memo))
	default:
		key, err = u.number(4)
	}
	if err != nil {
		return err
	}
	if code == opBinGet || code == opLongBinGet {
		v, ok := u.memo[uint32(key)]
		if !ok {
			return fmt.Errorf("memo %d is empty", key)
		}
		u.push(v)
		return nil
	}
	v, err := u.pop()
	if err != nil {
		return err
	}
	u.push(v)
	u.memo[uint32(key)] = v
	return nil
}

// global pushes a global, which must be in the allow-list.
func (u *unpickler) global(code byte) error {
	var module, name string
	var err error
	if code == opGlobal {
		if module, err = u.line(); err == nil {
			name, err = u.line()
		}
	} else {
		var t tuple
		if t, err = u.popN(2); err == nil {
			module, _ = t[0].(string)
			name, _ = t[1].(string)
		}
	}
	if err != nil {
		return err
	}
	full := module + "." + name
	if strings.HasPrefix(full, "torch.Q") || strings.Contains(full, "quantized") || name == "_rebuild_qtensor" {
		return fmt.Errorf("%q: %w", full, errQuantized)
	}
	if _, isType := storageTypes[full]; !isType && constructor(full) == nil {
		return fmt.Errorf("%q would have to be executed, which this program never does: only state dicts are read; %s", full, saveStateDict)
	}
	u.push(global(full))
	return nil
}

// construct resolves a persistent id, or calls a constructor.
func (u *unpickler) construct(code byte) error {
	if code == opBinPersID {
		v, err := u.pop()
		if err != nil {
			return err
		}
		id, ok := v.(tuple)
		if !ok || u.persistent == nil {
			return fmt.Errorf("a persistent id that is not a tensor's storage")
		}
		v, err = u.persistent(id)
		u.push(v)
		return err
	}
	t, err := u.popN(2)
	if err != nil {
		return err
	}
	if code == opBuild { // attributes, such as a state dict's _metadata, are not needed
		u.push(t[0])
		return nil
	}
	callee, ok := t[0].(global)
	args, isTuple := t[1].(tuple)
	build := constructor(string(callee))
	if !ok || !isTuple || build == nil {
		return fmt.Errorf("a call of a value that is not callable")
	}
	v, err := build(args)
	if err != nil {
		return fmt.Errorf("%s: %w", callee, err)
	}
	u.push(v)
	return nil
}
