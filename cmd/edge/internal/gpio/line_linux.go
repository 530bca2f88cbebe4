package gpio

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Flags of a line, enum gpio_v2_line_flag of linux/gpio.h.
const (
	flagActiveLow    = 1 << 1  // GPIO_V2_LINE_FLAG_ACTIVE_LOW
	flagInput        = 1 << 2  // GPIO_V2_LINE_FLAG_INPUT
	flagOutput       = 1 << 3  // GPIO_V2_LINE_FLAG_OUTPUT
	flagEdgeRising   = 1 << 4  // GPIO_V2_LINE_FLAG_EDGE_RISING
	flagEdgeFalling  = 1 << 5  // GPIO_V2_LINE_FLAG_EDGE_FALLING
	flagPullUp       = 1 << 8  // GPIO_V2_LINE_FLAG_BIAS_PULL_UP
	flagPullDown     = 1 << 9  // GPIO_V2_LINE_FLAG_BIAS_PULL_DOWN
	flagBiasDisabled = 1 << 10 // GPIO_V2_LINE_FLAG_BIAS_DISABLED
)

// GPIO requests lines.
type GPIO struct {
	system System
	chip   string
}

// New returns a GPIO. chip is the name or label of the chip for addresses without one;
// empty to choose it.
func New(chip string) *GPIO { return NewWith(system{}, chip) }

// NewWith is New for another System.
func NewWith(s System, chip string) *GPIO { return &GPIO{system: s, chip: chip} }

// Supported reports whether the operating system has the interface.
const Supported = true

// Line is a requested line.
type Line struct {
	device Device
	name   string
}

// Output requests a line as an output, which is inactive from the start.
func (g *GPIO) Output(a Address, activeLow bool) (*Line, error) {
	config := unix.GPIOV2LineConfig{Flags: flagOutput, Num_attrs: 1}
	if activeLow {
		config.Flags |= flagActiveLow
	}
	config.Attrs[0] = unix.GPIOV2LineConfigAttribute{
		Attr: unix.GPIOV2LineAttribute{Id: unix.GPIO_V2_LINE_ATTR_ID_OUTPUT_VALUES}, // 0: inactive
		Mask: 1,
	}
	return g.request(a, config)
}

// Input requests a line as an input that detects both edges. The bias and the kernel's
// debouncing are omitted if the line does not support them.
func (g *GPIO) Input(a Address, in Input) (*Line, error) {
	config := unix.GPIOV2LineConfig{Flags: flagInput | flagEdgeRising | flagEdgeFalling}
	if in.ActiveLow {
		config.Flags |= flagActiveLow
	}
	plain := config
	config.Flags |= map[Pull]uint64{PullUp: flagPullUp, PullDown: flagPullDown, PullNone: flagBiasDisabled}[in.Pull]
	if in.Debounce > 0 {
		attr := unix.GPIOV2LineAttribute{Id: unix.GPIO_V2_LINE_ATTR_ID_DEBOUNCE}
		*(*uint32)(unsafe.Pointer(&attr.Flags)) = in.Debounce // a union: flags, values or debounce_period_us
		config.Num_attrs, config.Attrs[0] = 1, unix.GPIOV2LineConfigAttribute{Attr: attr, Mask: 1}
	}
	line, err := g.request(a, config)
	if errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, errNotSupported) {
		return g.request(a, plain)
	}
	return line, err
}

// errNotSupported is ENOTSUPP of the kernel, which has no name in user space.
const errNotSupported = unix.Errno(524)

// request finds and requests a line.
func (g *GPIO) request(a Address, config unix.GPIOV2LineConfig) (*Line, error) {
	if a.Chip == "" {
		a.Chip = g.chip
	}
	chips, err := g.open(a)
	if err != nil {
		return nil, err
	}
	defer func() {
		for _, c := range chips {
			_ = c.device.Close() // a requested line outlives it
		}
	}()
	selected, err := selectChips(chips, a.Chip)
	if err != nil {
		return nil, err
	}
	owner, info, err := find(selected, a)
	if err != nil {
		return nil, err
	}
	name := fmt.Sprintf("line %d of %s", info.Offset, owner)
	r := unix.GPIOV2LineRequest{Num_lines: 1, Config: config}
	r.Offsets[0] = info.Offset
	copy(r.Consumer[:], Consumer)
	err = owner.device.Ioctl(unix.GPIO_V2_GET_LINE_IOCTL, unsafe.Pointer(&r))
	if errors.Is(err, unix.EBUSY) {
		return nil, &BusyError{Line: name, Consumer: text(info.Consumer[:])}
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	d, err := g.system.Line(r.Fd)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return &Line{device: d, name: name}, nil
}

// open opens the chip that an address names by its device, or all chips.
func (g *GPIO) open(a Address) ([]*chip, error) {
	if !chipName().MatchString(a.Chip) {
		return openChips(g.system)
	}
	c, err := openChip(g.system, device+a.Chip)
	if errors.Is(err, unix.ENOENT) {
		return openChips(g.system) // for the names in the error
	}
	return []*chip{c}, err
}

// String returns "line 17 of gpiochip0 (pinctrl-bcm2835)".
func (l *Line) String() string { return l.name }

// Set makes an output active or inactive.
func (l *Line) Set(active bool) error {
	v := unix.GPIOV2LineValues{Mask: 1}
	if active {
		v.Bits = 1
	}
	return l.wrap(l.device.Ioctl(unix.GPIO_V2_LINE_SET_VALUES_IOCTL, unsafe.Pointer(&v)))
}

// Active reports whether the line is active.
func (l *Line) Active() (bool, error) {
	v := unix.GPIOV2LineValues{Mask: 1}
	err := l.device.Ioctl(unix.GPIO_V2_LINE_GET_VALUES_IOCTL, unsafe.Pointer(&v))
	return v.Bits&1 != 0, l.wrap(err)
}

// Wait blocks until an edge of an input was detected. It fails when the chip is removed, or
// when Close is called. For an output it returns only with such an error.
func (l *Line) Wait() error {
	var event [unsafe.Sizeof(unix.GPIOV2LineEvent{})]byte
	_, err := l.device.Read(event[:])
	return l.wrap(err)
}

func (l *Line) wrap(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", l.name, err)
}

// Close releases the line.
func (l *Line) Close() error { return l.device.Close() }

// Persists reports whether the kernel keeps the level of an output that is released, as
// that of Raspberry Pi OS does, so that an output stays active if the program is killed.
func Persists(root fs.FS) bool {
	for _, module := range []string{"pinctrl_bcm2835", "pinctrl_rp1"} {
		data, err := fs.ReadFile(root, "sys/module/"+module+"/parameters/persist_gpio_outputs")
		if err == nil && strings.HasPrefix(string(data), "Y") {
			return true
		}
	}
	return false
}
