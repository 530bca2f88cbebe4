// Package gpiotest is a fake of the kernel's GPIO character devices, for tests.
package gpiotest

import (
	"io/fs"
	"os"
	"slices"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"

	"halfmeg/cmd/edge/internal/gpio"
)

// Flags of a line, see package gpio.
const (
	flagUsed      = 1 << 0
	flagActiveLow = 1 << 1
	flagOutput    = 1 << 3
	flagEdges     = 1<<4 | 1<<5
	flagBias      = 1<<8 | 1<<9 | 1<<10
)

// Kernel holds the chips. It implements gpio.System.
type Kernel struct {
	mu       sync.Mutex
	chips    []*chip
	requests map[int32]*request
	next     int32
	denied   bool
	plain    bool
}

var _ gpio.System = (*Kernel)(nil)

// chip is a chip with its lines.
type chip struct {
	path, label string
	lines       []*line
	removed     bool
}

// line is a line of a chip.
type line struct {
	name     string
	consumer string
	used     bool
	high     bool   // level at the pin
	history  []bool // levels while it was an output
	request  *request
}

// request is a Device for a requested line.
type request struct {
	kernel *Kernel
	chip   *chip
	line   *line
	flags  uint64
	events chan struct{} // edges
	gone   chan struct{} // closed when the chip is removed
	closed chan struct{}
}

// Add adds a chip such as gpiochip0. All lines are low and unused.
func (k *Kernel) Add(name, label string, lines ...string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	c := &chip{path: "/dev/" + name, label: label}
	for _, l := range lines {
		c.lines = append(c.lines, &line{name: l})
	}
	k.chips = append(k.chips, c)
}

// Remove removes a chip. Its requests fail from now on.
func (k *Kernel) Remove(name string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.chips = slices.DeleteFunc(k.chips, func(c *chip) bool {
		if c.path != "/dev/"+name {
			return false
		}
		c.removed = true
		for _, l := range c.lines {
			if l.request != nil {
				close(l.request.gone)
			}
		}
		return true
	})
}

// Deny makes Open fail, as without the permission.
func (k *Kernel) Deny(denied bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.denied = denied
}

// Plain makes requests with a bias or debouncing fail, as on a chip without them.
func (k *Kernel) Plain() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.plain = true
}

// Occupy makes a line busy, or free again if consumer is empty.
func (k *Kernel) Occupy(name, consumer string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	l := k.find(name)
	l.used, l.consumer = consumer != "", consumer
}

// Drive sets the level at an input.
func (k *Kernel) Drive(name string, high bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	l := k.find(name)
	if l.high == high {
		return
	}
	l.high = high
	if r := l.request; r != nil && r.flags&flagEdges != 0 {
		select {
		case r.events <- struct{}{}:
		default: // the kernel drops events of a full buffer, too
		}
	}
}

// High returns the level of a line.
func (k *Kernel) High(name string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.find(name).high
}

// Consumer returns who uses a line, or "".
func (k *Kernel) Consumer(name string) string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.find(name).consumer
}

// History returns the levels that were set while the line was an output, from the level of
// the request on.
func (k *Kernel) History(name string) []bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Clone(k.find(name).history)
}

// find returns the line with a name, or panics.
func (k *Kernel) find(name string) *line {
	for _, c := range k.chips {
		for _, l := range c.lines {
			if l.name == name {
				return l
			}
		}
	}
	panic("gpiotest: no line " + name)
}

// Chips implements gpio.System.
func (k *Kernel) Chips() ([]string, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	var paths []string
	for _, c := range k.chips {
		paths = append(paths, c.path)
	}
	return paths, nil
}

// Open implements gpio.System.
func (k *Kernel) Open(path string) (gpio.Device, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, c := range k.chips {
		if c.path != path {
			continue
		}
		if k.denied {
			return nil, &fs.PathError{Op: "open", Path: path, Err: unix.EACCES}
		}
		return &openChip{k, c}, nil
	}
	return nil, &fs.PathError{Op: "open", Path: path, Err: unix.ENOENT}
}

// Line implements gpio.System.
func (k *Kernel) Line(descriptor int32) (gpio.Device, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.requests[descriptor], nil
}

// openChip is an open character device.
type openChip struct {
	kernel *Kernel
	chip   *chip
}

func (o *openChip) Read([]byte) (int, error) { return 0, unix.EINVAL }
func (o *openChip) Close() error             { return nil }

func (o *openChip) Ioctl(number uintptr, argument unsafe.Pointer) error {
	o.kernel.mu.Lock()
	defer o.kernel.mu.Unlock()
	if o.chip.removed {
		return unix.ENODEV
	}
	switch number {
	case unix.GPIO_GET_CHIPINFO_IOCTL:
		info := (*unix.GPIOChipInfo)(argument)
		copy(info.Label[:], o.chip.label)
		info.Lines = uint32(len(o.chip.lines))
		return nil
	case unix.GPIO_V2_GET_LINEINFO_IOCTL:
		return o.chip.info((*unix.GPIOV2LineInfo)(argument))
	case unix.GPIO_V2_GET_LINE_IOCTL:
		return o.kernel.request(o.chip, (*unix.GPIOV2LineRequest)(argument))
	}
	return unix.ENOTTY
}

func (c *chip) info(info *unix.GPIOV2LineInfo) error {
	if int(info.Offset) >= len(c.lines) {
		return unix.EINVAL
	}
	l := c.lines[info.Offset]
	copy(info.Name[:], l.name)
	copy(info.Consumer[:], l.consumer)
	if l.used {
		info.Flags = flagUsed
	}
	return nil
}

func (k *Kernel) request(c *chip, r *unix.GPIOV2LineRequest) error {
	if r.Num_lines != 1 || int(r.Offsets[0]) >= len(c.lines) {
		return unix.EINVAL
	}
	l := c.lines[r.Offsets[0]]
	if l.used {
		return unix.EBUSY
	}
	value := false
	for _, a := range r.Config.Attrs[:r.Config.Num_attrs] {
		switch a.Attr.Id {
		case unix.GPIO_V2_LINE_ATTR_ID_OUTPUT_VALUES:
			value = a.Attr.Flags&a.Mask != 0
		case unix.GPIO_V2_LINE_ATTR_ID_DEBOUNCE:
			if k.plain {
				return unix.Errno(524)
			}
		}
	}
	if k.plain && r.Config.Flags&flagBias != 0 {
		return unix.Errno(524)
	}
	l.used, l.consumer = true, string(r.Consumer[:len("halfmeg")])
	l.request = &request{
		kernel: k, chip: c, line: l, flags: r.Config.Flags,
		events: make(chan struct{}, 16), gone: make(chan struct{}), closed: make(chan struct{}),
	}
	if r.Config.Flags&flagOutput != 0 {
		l.request.drive(value)
	}
	k.next++
	if k.requests == nil {
		k.requests = map[int32]*request{}
	}
	k.requests[k.next] = l.request
	r.Fd = k.next
	return nil
}

// drive sets the level of an output by its value.
func (r *request) drive(value bool) {
	r.line.high = value != (r.flags&flagActiveLow != 0)
	r.line.history = append(r.line.history, r.line.high)
}

func (r *request) Ioctl(number uintptr, argument unsafe.Pointer) error {
	r.kernel.mu.Lock()
	defer r.kernel.mu.Unlock()
	select {
	case <-r.closed:
		return os.ErrClosed
	default:
	}
	if r.chip.removed {
		return unix.ENODEV
	}
	values := (*unix.GPIOV2LineValues)(argument)
	switch number {
	case unix.GPIO_V2_LINE_SET_VALUES_IOCTL:
		if r.flags&flagOutput == 0 {
			return unix.EPERM
		}
		r.drive(values.Bits&values.Mask != 0)
		return nil
	case unix.GPIO_V2_LINE_GET_VALUES_IOCTL:
		values.Bits = 0
		if r.line.high != (r.flags&flagActiveLow != 0) {
			values.Bits = values.Mask
		}
		return nil
	}
	return unix.ENOTTY
}

func (r *request) Read(event []byte) (int, error) {
	if len(event) < int(unsafe.Sizeof(unix.GPIOV2LineEvent{})) {
		return 0, unix.EINVAL
	}
	select {
	case <-r.closed:
		return 0, os.ErrClosed
	case <-r.gone:
		return 0, unix.ENODEV
	case <-r.events:
		return len(event), nil
	}
}

func (r *request) Close() error {
	r.kernel.mu.Lock()
	defer r.kernel.mu.Unlock()
	select {
	case <-r.closed:
		return os.ErrClosed
	default:
	}
	close(r.closed)
	r.line.used, r.line.consumer, r.line.request = false, "", nil
	return nil
}
