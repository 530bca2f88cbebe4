// Package gpio requests single GPIO lines of the kernel, as outputs or as inputs with edge
// detection, through the character devices /dev/gpiochipN and version 2 of their interface
// (Linux 5.10).
//
// It uses the interface directly. periph.io/x/host/v3/gpioioctl (v3.8.5) opens all chips
// when a program that links it starts, requests a line before it sets direction and level,
// so that an active-low output is active for a moment, has no debouncing, and returns
// errors without their number, so that a busy line and a missing permission cannot be distinguished.
package gpio

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"halfmeg/internal/lazyregexp"
)

// Consumer is the name by which other programs, such as gpioinfo, see who uses a line.
const Consumer = "halfmeg"

// Address names a line.
type Address struct {
	Chip string // such as gpiochip4, or the label of a chip; empty to choose one
	Line string // name such as GPIO17, or the offset in its chip
}

// device is where the character devices are.
const device = "/dev/"

// addressPattern matches a line, optionally after the chip. A name may contain what line
// names of device trees contain, but not "=" and ",", which separate options.
var addressPattern = lazyregexp.New(`^(?:([^/=,\s]{1,31})/)?([^/=,\s]{1,31})$`)

// ParseAddress parses GPIO17, 17, gpiochip4/17 or pinctrl-rp1/GPIO17.
func ParseAddress(text string) (Address, error) {
	m := addressPattern().FindStringSubmatch(strings.TrimPrefix(text, device))
	if m == nil {
		return Address{}, errors.New("expected a line such as GPIO17, 17 or gpiochip4/17")
	}
	return Address{Chip: m[1], Line: m[2]}, nil
}

// String returns the address in the form that ParseAddress accepts.
func (a Address) String() string {
	if a.Chip == "" {
		return a.Line
	}
	return a.Chip + "/" + a.Line
}

// Same reports whether two addresses are certainly the same line of a Raspberry Pi, where
// GPIO17 is the line with offset 17.
func (a Address) Same(b Address) bool {
	return a.Chip == b.Chip && strings.TrimPrefix(a.Line, "GPIO") == strings.TrimPrefix(b.Line, "GPIO")
}

// offset returns the offset if the address has one instead of a name.
func (a Address) offset() (uint32, bool) { return parseOffset(a.Line) }

func parseOffset(text string) (uint32, bool) {
	n, err := strconv.ParseUint(text, 10, 16)
	return uint32(n), err == nil
}

// Pull is the bias of an input.
type Pull int

// The kinds of bias.
const (
	PullUp Pull = iota
	PullDown
	PullNone // off
)

// Input configures an input.
type Input struct {
	ActiveLow bool
	Pull      Pull

	// Debounce is the time, in microseconds, for which the kernel ignores a change until
	// the level is stable. 0 disables it.
	Debounce uint32
}

// chipName is the form of the names of character devices.
var chipName = lazyregexp.New(`^gpiochip[0-9]+$`)

// headers are the labels of the chips whose lines are on the header of a Raspberry Pi: up
// to Pi 3, Pi 4, and Pi 5. There the offset is the number in the line's name. The number of
// a Pi 5's chip depends on the kernel.
var headers = []string{"pinctrl-bcm2835", "pinctrl-bcm2711", "pinctrl-rp1"}

// A BusyError means that another program or driver uses the line.
type BusyError struct{ Line, Consumer string }

func (e *BusyError) Error() string {
	if e.Consumer == "" {
		return fmt.Sprintf("%s is in use by an unnamed consumer", e.Line)
	}
	return fmt.Sprintf("%s is in use by %q", e.Line, e.Consumer)
}
