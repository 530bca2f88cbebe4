//go:build amd64 || arm64

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

// Setting sets a control.
//
// Name is the driver's name in lower case with _ for everything but letters and
// digits ("power_line_frequency"), or a short name ("exposure"). Value is an
// integer, on or off, or the name of a menu entry, written like a control's
// name ("50_hz"). A button accepts any value.
type Setting struct{ Name, Value string }

// shortNames maps names that are the same for all drivers to control ids. The
// first control that the device has is used.
var shortNames = map[string][]uint32{
	"auto_exposure":      {cidExposureAuto},
	"exposure":           {cidExposureAbsolute, cidExposure},
	"gain":               {cidGain, cidAnalogueGain},
	"auto_gain":          {cidAutogain},
	"focus":              {cidFocusAbsolute},
	"auto_focus":         {cidFocusAuto},
	"power_line":         {cidPowerLineFrequency},
	"auto_white_balance": {cidAutoWhiteBalance},
	"white_balance":      {cidWhiteBalanceTemperature},
}

// maxControls bounds what a driver may enumerate.
const maxControls = 256

// controls lists the device's writable controls whose value is one number.
func (d *device) controls() []controlQuery {
	var list []controlQuery
	id := uint32(0)
	for range maxControls {
		q := controlQuery{id: id | ctrlFlagNextCtrl}
		if d.ioctl(vidiocQueryctrl, unsafe.Pointer(&q)) != nil {
			break
		}
		id = q.id
		switch q.kind {
		case ctrlTypeInteger, ctrlTypeBoolean, ctrlTypeMenu, ctrlTypeButton, ctrlTypeBitmask, ctrlTypeIntegerMenu:
			if q.flags&(ctrlFlagDisabled|ctrlFlagReadOnly) == 0 {
				list = append(list, q)
			}
		}
	}
	return list
}

// normalize turns a driver's name into words joined by _, so that it can be
// typed.
func normalize(name string) string {
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
	return strings.Join(words, "_")
}

// setControl sets one control.
func (d *device) setControl(s Setting) error {
	list := d.controls()
	q, ok := findControl(list, s.Name)
	if !ok {
		return d.unsupported("it has no control %q; it has %s", s.Name, controlNames(list))
	}
	value, err := d.parseValue(q, s.Value)
	if err != nil {
		return err
	}
	c := control{q.id, value}
	err = d.ioctl(vidiocSCtrl, unsafe.Pointer(&c))
	switch {
	case err == nil:
		return nil
	case errors.Is(err, unix.EACCES), errors.Is(err, unix.EPERM), q.flags&ctrlFlagInactive != 0:
		return d.unsupported("control %s cannot be set while an automatic or another control overrides it: turn that off first (%v)", s.Name, err)
	case errors.Is(err, unix.ERANGE), errors.Is(err, unix.EINVAL):
		return d.unsupported("control %s cannot be set to %s: %v", s.Name, s.Value, err)
	}
	return explain(d.path, "set "+s.Name, err)
}

func findControl(list []controlQuery, name string) (controlQuery, bool) {
	for _, id := range shortNames[name] {
		for _, q := range list {
			if q.id == id {
				return q, true
			}
		}
	}
	for _, q := range list {
		if normalize(cString(q.name[:])) == normalize(name) {
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
		names[i] = normalize(cString(q.name[:]))
	}
	return strings.Join(names, ", ")
}

// parseValue converts the text of a Setting to the control's number.
func (d *device) parseValue(q controlQuery, text string) (int32, error) {
	name := normalize(cString(q.name[:]))
	if q.kind == ctrlTypeButton { // any value presses it
		return 1, nil
	}
	number, err := strconv.ParseInt(text, 10, 32)
	if err == nil {
		if q.kind != ctrlTypeBitmask && (int32(number) < q.minimum || int32(number) > q.maximum) {
			return 0, d.unsupported("control %s takes %d…%d, not %d", name, q.minimum, q.maximum, number)
		}
		return int32(number), nil
	}
	switch {
	case q.kind == ctrlTypeBoolean && (text == "on" || text == "off"):
		return map[string]int32{"on": 1, "off": 0}[text], nil
	case q.kind == ctrlTypeBoolean:
		return 0, d.unsupported("control %s takes on or off, not %q", name, text)
	case q.kind == ctrlTypeMenu:
		entries := d.menu(q)
		if i := slices.Index(entries, normalize(text)); i >= 0 && entries[i] != "" {
			return q.minimum + int32(i), nil
		}
		entries = slices.DeleteFunc(entries, func(e string) bool { return e == "" })
		return 0, d.unsupported("control %s takes %s, not %q", name, strings.Join(entries, ", "), text)
	}
	return 0, d.unsupported("control %s takes an integer %d…%d, not %q", name, q.minimum, q.maximum, text)
}

// menu lists a control's entries from its minimum on. An index without an entry
// is an empty string.
func (d *device) menu(q controlQuery) []string {
	var entries []string
	for i := q.minimum; i <= q.maximum && len(entries) < maxControls; i++ {
		m := menuQuery{id: q.id, index: uint32(i)}
		entry := ""
		if d.ioctl(vidiocQuerymenu, unsafe.Pointer(&m)) == nil {
			entry = normalize(cString(m.name[:]))
		}
		entries = append(entries, entry)
	}
	return entries
}
