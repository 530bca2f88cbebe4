package pins

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"halfmeg/cmd/edge/internal/gpio"
)

// maxTime is the maximum of every time in a specification.
const maxTime = 24 * time.Hour

// Any is the name in an output's specification that stands for every event.
const Any = "*"

// Output is the specification of an output.
type Output struct {
	Address   gpio.Address
	Name      string // of a class or group, or Any
	ActiveLow bool

	// MinOn is the minimum time that the output stays active. Pulse, unless it is 0, is
	// the time that the output is active for each event "appeared"; otherwise it is active
	// until the event "gone". At most one of the two is set.
	MinOn, Pulse time.Duration

	Events Events // which Name stands for; the caller sets it
}

// Events selects events.
type Events struct {
	Any     bool
	Group   string // name of a group; empty for Classes
	Classes []int
}

// ParseOutput parses a specification such as GPIO17=dog,active-low,min=2s. It does not
// resolve the name.
func ParseOutput(text string) (Output, error) {
	address, items, err := parseLine(text, "GPIO17=dog or 17=dog,active-low,min=2s")
	o := Output{Address: address}
	if err != nil {
		return o, err
	}
	if o.Name = items[0]; o.Name == "" {
		return o, errors.New("the class or group is missing: expected GPIO17=dog")
	}
	for _, item := range items[1:] {
		key, value, hasValue := strings.Cut(item, "=")
		switch {
		case item == "active-low":
			o.ActiveLow = true
		case key == "min" && hasValue:
			err = parseTime(item, value, &o.MinOn)
		case key == "pulse" && hasValue:
			err = parseTime(item, value, &o.Pulse)
		default:
			err = fmt.Errorf("unknown option %q: expected active-low, min=2s or pulse=500ms; for several classes define a group", item)
		}
		if err != nil {
			return o, err
		}
	}
	if o.MinOn > 0 && o.Pulse > 0 {
		return o, errors.New("min and pulse exclude each other")
	}
	return o, nil
}

// String returns the specification in the form that ParseOutput accepts.
func (o Output) String() string {
	text := o.Address.String() + "=" + o.Name
	if o.ActiveLow {
		text += ",active-low"
	}
	if o.MinOn > 0 {
		text += ",min=" + o.MinOn.String()
	}
	if o.Pulse > 0 {
		text += ",pulse=" + o.Pulse.String()
	}
	return text
}

// Action names what a button does.
type Action string

// The actions.
const (
	Snapshot Action = "snapshot" // keep a picture
	Shutdown Action = "shutdown" // turn off the machine
)

// actions are all actions.
var actions = []Action{Snapshot, Shutdown}

// The defaults of a button.
const (
	defaultHoldTime = 3 * time.Second // long enough to prevent an accidental shutdown
	defaultDebounce = 20 * time.Millisecond
	maxDebounce     = time.Second
)

// Button is the specification of a button.
type Button struct {
	Address gpio.Address

	// Press is the action of a press, at its start if Hold is empty, and otherwise at its
	// end, if it was shorter than HoldTime. Hold is the action of a press for HoldTime.
	// One of the two may be empty.
	Press, Hold Action
	HoldTime    time.Duration

	Debounce   time.Duration // how long the level must be stable
	ActiveHigh bool          // the button connects to 3.3 V, not to ground
	Pull       gpio.Pull
}

// pulls are the values of the option pull.
var pulls = map[string]gpio.Pull{"up": gpio.PullUp, "down": gpio.PullDown, "none": gpio.PullNone}

// ParseButton parses a specification such as GPIO27=snapshot,hold=shutdown.
func ParseButton(text string) (Button, error) {
	address, items, err := parseLine(text, "GPIO27=snapshot or 27=snapshot,hold=shutdown")
	b := Button{Address: address, HoldTime: defaultHoldTime, Debounce: defaultDebounce}
	if err != nil {
		return b, err
	}
	pull := ""
	for _, item := range items {
		key, value, _ := strings.Cut(item, "=")
		switch {
		case slices.Contains(actions, Action(item)) && b.Press == "":
			b.Press = Action(item)
		case key == "hold" && slices.Contains(actions, Action(value)):
			b.Hold = Action(value)
		case key == "hold-time":
			err = parseTime(item, value, &b.HoldTime)
		case key == "debounce":
			if err = parseTime(item, value, &b.Debounce); err == nil && b.Debounce > maxDebounce {
				err = fmt.Errorf("%s: expected at most %v", item, maxDebounce)
			}
		case item == "active-high":
			b.ActiveHigh = true
		case key == "pull" && slices.Contains([]string{"up", "down", "none"}, value):
			pull = value
		default:
			err = fmt.Errorf("unknown action or option %q: expected snapshot, shutdown, hold=shutdown, hold-time=3s, debounce=20ms, active-high or pull=none", item)
		}
		if err != nil {
			return b, err
		}
	}
	if b.Press == "" && b.Hold == "" {
		return b, errors.New("the action is missing: expected GPIO27=snapshot, or GPIO27=hold=shutdown")
	}
	b.Pull = pulls[pull] // up by default
	if pull == "" && b.ActiveHigh {
		b.Pull = gpio.PullDown
	}
	return b, nil
}

// String returns the specification in the form that ParseButton accepts.
func (b Button) String() string {
	var items []string
	if b.Press != "" {
		items = append(items, string(b.Press))
	}
	if b.Hold != "" {
		items = append(items, "hold="+string(b.Hold))
	}
	if b.HoldTime != defaultHoldTime {
		items = append(items, "hold-time="+b.HoldTime.String())
	}
	if b.Debounce != defaultDebounce {
		items = append(items, "debounce="+b.Debounce.String())
	}
	usual := gpio.PullUp
	if b.ActiveHigh {
		items, usual = append(items, "active-high"), gpio.PullDown
	}
	for _, name := range []string{"up", "down", "none"} {
		if pulls[name] == b.Pull && b.Pull != usual {
			items = append(items, "pull="+name)
		}
	}
	return b.Address.String() + "=" + strings.Join(items, ",")
}

// parseLine parses LINE=ITEM,ITEM.
func parseLine(text, example string) (gpio.Address, []string, error) {
	line, rest, ok := strings.Cut(text, "=")
	if !ok {
		return gpio.Address{}, nil, fmt.Errorf("expected %s", example)
	}
	address, err := gpio.ParseAddress(strings.TrimSpace(line))
	items := strings.Split(rest, ",")
	for i := range items {
		items[i] = strings.TrimSpace(items[i])
	}
	return address, items, err
}

// parseTime parses the time of an option, in seconds if it has no unit.
func parseTime(item, value string, d *time.Duration) error {
	var err error
	if *d, err = time.ParseDuration(value); err != nil {
		*d, err = time.ParseDuration(value + "s")
	}
	if err != nil || *d <= 0 || *d > maxTime {
		return fmt.Errorf("%s: expected a time such as 500ms or 2s, at most 24h", item)
	}
	return nil
}
