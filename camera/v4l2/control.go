//go:build linux && (amd64 || arm64)

package v4l2

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Setting sets a control. The name is the driver's, in lower case and with _
// for all but letters and digits ("power_line_frequency"), or a short one
// ("exposure"); the value is a whole number, on or off, or the name of an
// entry of a menu, written likewise ("50_hz"). A button takes any value.
type Setting struct{ Name, Value string }

// shortNames are names that do not change from driver to driver, and the
// controls that they may be, the first that there is.
var shortNames = map[string][]uint32{
	"auto_exposure":      {0x009a0901},
	"exposure":           {0x009a0902, 0x00980911},
	"gain":               {0x00980913, 0x009e0903},
	"auto_gain":          {0x00980912},
	"focus":              {0x009a090a},
	"auto_focus":         {0x009a090c},
	"power_line":         {0x00980918},
	"auto_white_balance": {0x0098090c},
	"white_balance":      {0x0098091a},
}

// maxControls bounds what a driver may enumerate.
const maxControls = 256

// controls are those of the device that one number sets.
func (d *device) controls() []controlQuery {
	var list []controlQuery
	id := uint32(0)
	for range maxControls {
		q := controlQuery{id: id | nextControl}
		if d.ioctl(queryControl, unsafe.Pointer(&q)) != nil {
			break
		}
		id = q.id
		switch q.kind {
		case controlInteger, controlBoolean, controlMenu, controlButton, controlBitmask, controlIntegerMenu:
			if q.flags&(controlDisabled|controlReadOnly) == 0 {
				list = append(list, q)
			}
		}
	}
	return list
}

// plain is a driver's name as it is written on a command line.
func plain(name string) string {
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
	return strings.Join(words, "_")
}

// set sets one control.
func (d *device) set(s Setting) error {
	list := d.controls()
	q, ok := find(list, s.Name)
	if !ok {
		return d.wish("it has no control %q; it has %s", s.Name, controlNames(list))
	}
	value, err := d.value(q, s.Value)
	if err != nil {
		return err
	}
	c := control{q.id, value}
	err = d.ioctl(setControl, unsafe.Pointer(&c))
	switch {
	case err == nil:
		return nil
	case errors.Is(err, unix.EACCES), errors.Is(err, unix.EPERM), q.flags&controlInactive != 0:
		return d.wish("control %s cannot be set while an automatic or another control rules it: turn that off first (%v)", s.Name, err)
	case errors.Is(err, unix.ERANGE), errors.Is(err, unix.EINVAL):
		return d.wish("control %s cannot be %s: %v", s.Name, s.Value, err)
	}
	return explain(d.path, "set "+s.Name, err)
}

func find(list []controlQuery, name string) (controlQuery, bool) {
	for _, id := range shortNames[name] {
		for _, q := range list {
			if q.id == id {
				return q, true
			}
		}
	}
	for _, q := range list {
		if plain(text(q.name[:])) == plain(name) {
			return q, true
		}
	}
	return controlQuery{}, false
}

func controlNames(list []controlQuery) string {
	if len(list) == 0 {
		return "none"
	}
	names := make([]string, len(list))
	for i, q := range list {
		names[i] = plain(text(q.name[:]))
	}
	return strings.Join(names, ", ")
}

// value is the number that a control's value in words stands for.
func (d *device) value(q controlQuery, words string) (int32, error) {
	name := plain(text(q.name[:]))
	if q.kind == controlButton { // it is pressed, with whatever
		return 1, nil
	}
	number, err := strconv.ParseInt(words, 10, 32)
	if err == nil {
		if q.kind != controlBitmask && (int32(number) < q.minimum || int32(number) > q.maximum) {
			return 0, d.wish("control %s takes %d…%d, not %d", name, q.minimum, q.maximum, number)
		}
		return int32(number), nil
	}
	switch {
	case q.kind == controlBoolean && (words == "on" || words == "off"):
		return map[string]int32{"on": 1, "off": 0}[words], nil
	case q.kind == controlBoolean:
		return 0, d.wish("control %s takes on or off, not %q", name, words)
	case q.kind == controlMenu:
		entries := d.menu(q)
		if i := slices.Index(entries, plain(words)); i >= 0 && entries[i] != "" {
			return q.minimum + int32(i), nil
		}
		entries = slices.DeleteFunc(entries, func(e string) bool { return e == "" })
		return 0, d.wish("control %s takes %s, not %q", name, strings.Join(entries, ", "), words)
	}
	return 0, d.wish("control %s takes a whole number %d…%d, not %q", name, q.minimum, q.maximum, words)
}

// menu are a control's entries from its minimum on, empty where there is none.
func (d *device) menu(q controlQuery) []string {
	var entries []string
	for i := q.minimum; i <= q.maximum && len(entries) < maxControls; i++ {
		m := menuQuery{id: q.id, index: uint32(i)}
		entry := ""
		if d.ioctl(queryMenu, unsafe.Pointer(&m)) == nil {
			entry = plain(text(m.name[:]))
		}
		entries = append(entries, entry)
	}
	return entries
}
