package labels

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// entry is a class of a list or a map.
type entry struct {
	id, name string
	number   int
	numbered bool // number was given
}

// parseLiteral reads the list or map that starts at an offset of the text.
func parseLiteral(text string, start int) (*List, error) {
	p := &literal{text: text, pos: start}
	v, err := p.value(0)
	if err == nil {
		err = p.end()
	}
	if err != nil {
		return nil, fmt.Errorf("looks like a list or map of JSON or Python, but is not valid: %w", err)
	}
	entries, err := entriesOf(v)
	if err != nil {
		return nil, err
	}
	if len(entries) == 0 {
		return nil, errors.New("the list or map of labels is empty")
	}
	l := &List{}
	if entries[0].numbered {
		base, err := sortByNumber(entries)
		if err != nil {
			return nil, err
		}
		if base == 1 {
			l.note("the labels are numbered from 1: number 1 names class 0")
		}
	}
	for i, e := range entries {
		if e.name == "" && e.id == "" {
			return nil, fmt.Errorf("label %d is empty", i)
		}
		l.add(e.id, e.name)
	}
	return l, nil
}

// wrappers are the keys of a map that contain the labels, among other settings:
// those of Hugging Face's config.json, YOLO's data files, COCO's annotations and
// torchvision's ImageFolder.
var wrappers = []string{
	"id2label", "names", "class_names", "classnames", "classes", "labels", "class_labels", "categories",
	"idx_to_class", "idx2class", "index_to_name", "class_to_idx", "class_indices", "label2id",
}

// entriesOf returns the classes of a list or a map. Either all have a number or none.
func entriesOf(v any) ([]entry, error) {
	var entries []entry
	switch v := v.(type) {
	case []any:
		for i, item := range v {
			e, ok := entryOf(item)
			if !ok {
				return nil, fmt.Errorf("item %d of the list is no label", i)
			}
			entries = append(entries, e)
		}
	case object:
		for _, key := range wrappers {
			for _, m := range v {
				if strings.EqualFold(m.key, key) && container(m.value) {
					return entriesOf(m.value)
				}
			}
		}
		for _, m := range v {
			e, ok := entryOfMember(m)
			if !ok {
				return nil, fmt.Errorf("the map's entry %q is neither number: label nor label: number", shorten(m.key))
			}
			entries = append(entries, e)
		}
	}
	for _, e := range entries {
		if e.numbered != entries[0].numbered {
			bare := e
			if e.numbered {
				bare = entries[0]
			}
			return nil, fmt.Errorf("some labels have a number, %q has none", shorten(bare.name))
		}
	}
	return entries, nil
}

func container(v any) bool {
	switch v.(type) {
	case []any, object:
		return true
	}
	return false
}

// entryOfMember reads {"0": "tench"}, {"tench": 0} or {"n01440764": "tench"}, where
// the value may be anything that entryOf reads.
func entryOfMember(m member) (entry, bool) {
	key, keyIsNumber := number(m.key)
	value, valueIsNumber := number(m.value)
	if valueIsNumber && !keyIsNumber {
		e, _ := entryOf(m.key)
		e.number, e.numbered = value, true
		return e, true
	}
	e, ok := entryOf(m.value)
	if keyIsNumber {
		e.number, e.numbered = key, true
		return e, ok
	}
	if ok && IsID(m.key) {
		e.id = m.key
		return e, true
	}
	return entry{}, false
}

// number returns a number, which may be in quotes.
func number(v any) (n int, ok bool) {
	switch v := v.(type) {
	case int:
		return v, true
	case string:
		n, err := strconv.Atoi(strings.TrimSpace(v))
		return n, err == nil
	}
	return 0, false
}

// Keys of a map that describes one class.
var (
	nameKeys   = []string{"name", "label", "class_name", "class", "title", "display_name", "category", "value"}
	idKeys     = []string{"wnid", "synset", "wordnet_id", "id", "name"}
	numberKeys = []string{"id", "index", "idx", "class_id", "class_index", "label_id", "number"}
)

// entryOf reads a class: a name, a list of id, number and names, or a map.
func entryOf(v any) (e entry, ok bool) {
	switch v := v.(type) {
	case string:
		e.id, e.name = cutID(v)
		return e, true
	case []any:
		return entryOfList(v)
	case object:
		return entryOfObject(v)
	}
	return e, false
}

// entryOfList reads ["n01440764", "tench"], [0, "tench"] or several names of a class.
func entryOfList(list []any) (e entry, ok bool) {
	var names []string
	for _, item := range list {
		switch item := item.(type) {
		case string:
			if IsID(item) && e.id == "" {
				e.id = item
			} else {
				names = append(names, item)
			}
		case int:
			if e.numbered {
				return e, false
			}
			e.number, e.numbered = item, true
		default:
			return e, false
		}
	}
	e.name = strings.Join(names, ", ")
	return e, e.name != "" || e.id != ""
}

func entryOfObject(o object) (e entry, ok bool) {
	find := func(keys []string, accept func(any) bool) any {
		for _, key := range keys {
			for _, m := range o {
				if strings.EqualFold(m.key, key) && accept(m.value) {
					return m.value
				}
			}
		}
		return nil
	}
	e.id, _ = find(idKeys, func(v any) bool { s, ok := v.(string); return ok && IsID(s) }).(string)
	e.name, _ = find(nameKeys, func(v any) bool { s, ok := v.(string); return ok && s != e.id }).(string)
	e.number, e.numbered = find(numberKeys, func(v any) bool { _, ok := v.(int); return ok }).(int)
	return e, e.name != "" || e.id != ""
}

// sortByNumber sorts classes by their numbers. The numbers must be consecutive
// from 0 or 1; base is the first.
func sortByNumber(entries []entry) (base int, err error) {
	slices.SortStableFunc(entries, func(a, b entry) int { return cmp.Compare(a.number, b.number) })
	base = entries[0].number
	if base != 0 && base != 1 {
		return 0, fmt.Errorf("the labels are numbered from %d; expected numbers from 0 or 1", base)
	}
	for i, e := range entries {
		switch {
		case e.number < base+i:
			return 0, fmt.Errorf("two labels have the number %d: %q and %q", e.number, shorten(entries[i-1].name), shorten(e.name))
		case e.number > base+i:
			return 0, fmt.Errorf("the labels are numbered %d…%d, but number %d is missing", base, entries[len(entries)-1].number, base+i)
		}
	}
	return base, nil
}
