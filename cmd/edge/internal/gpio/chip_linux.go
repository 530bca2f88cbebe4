package gpio

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"

	"halfmeg/cmd/edge/internal/nearest"
)

// chip is an open character device.
type chip struct {
	device      Device
	name, label string
	lines       uint32
}

// String returns "gpiochip0 (pinctrl-bcm2835)".
func (c *chip) String() string { return fmt.Sprintf("%s (%s)", c.name, c.label) }

func (c *chip) isHeader() bool { return slices.Contains(headers, c.label) }

// openChip opens a character device.
func openChip(s System, path string) (*chip, error) {
	d, err := s.Open(path)
	if errors.Is(err, fs.ErrPermission) {
		return nil, fmt.Errorf("no permission for %s: add the user to the group gpio (sudo usermod -aG gpio USER) and log in again", path)
	}
	if err != nil {
		return nil, err
	}
	var info unix.GPIOChipInfo
	if err := d.Ioctl(unix.GPIO_GET_CHIPINFO_IOCTL, unsafe.Pointer(&info)); err != nil {
		_ = d.Close() // the other error says more
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &chip{device: d, name: filepath.Base(path), label: text(info.Label[:]), lines: info.Lines}, nil
}

// openChips opens all chips. It fails if none can be opened.
func openChips(s System) ([]*chip, error) {
	paths, err := s.Chips()
	if err != nil {
		return nil, err
	}
	if len(paths) == 0 {
		return nil, errors.New("this machine has no GPIO chip: " + device + "gpiochip* does not exist")
	}
	var chips []*chip
	for _, path := range paths {
		c, failed := openChip(s, path)
		if failed != nil {
			err = failed
			continue
		}
		chips = append(chips, c)
	}
	if len(chips) == 0 {
		return nil, err
	}
	return chips, nil
}

// selectChips returns the chips to search for a line, the header first.
func selectChips(chips []*chip, name string) ([]*chip, error) {
	if name == "" {
		slices.SortStableFunc(chips, func(a, b *chip) int { return rank(a) - rank(b) })
		return chips, nil
	}
	for _, c := range chips {
		if c.name == name || c.label == name {
			return []*chip{c}, nil
		}
	}
	return nil, fmt.Errorf("no chip %q; this machine has %s", name, list(chips))
}

func rank(c *chip) int {
	if c.isHeader() {
		return 0
	}
	return 1
}

func list(chips []*chip) string {
	var names []string
	for _, c := range chips {
		names = append(names, c.String())
	}
	return strings.Join(names, ", ")
}

// find returns a line of the selected chips.
func find(chips []*chip, a Address) (*chip, unix.GPIOV2LineInfo, error) {
	if offset, ok := a.offset(); ok {
		return byOffset(chips, offset)
	}
	var owner *chip
	var found unix.GPIOV2LineInfo
	var names []string
	for _, c := range chips {
		if owner != nil && owner.isHeader() {
			break // a line of the header takes precedence over one of another chip
		}
		for offset := range c.lines {
			info, err := c.line(offset)
			if err != nil {
				return nil, info, err
			}
			name := text(info.Name[:])
			names = append(names, name)
			switch {
			case name != a.Line || owner == c: // of equal names in a chip the first
			case owner != nil:
				return nil, info, fmt.Errorf("%s and %s both have a line %s: write %s/%s or %s/%s", owner, c, name, owner.name, name, c.name, name)
			default:
				owner, found = c, info
			}
		}
	}
	if owner != nil {
		return owner, found, nil
	}
	// Some kernels name the lines by their pins or functions.
	if number, ok := strings.CutPrefix(a.Line, "GPIO"); ok && chips[0].isHeader() {
		if offset, ok := parseOffset(number); ok && offset < chips[0].lines {
			return byOffset(chips, offset)
		}
	}
	return nil, found, fmt.Errorf("no line %q in %s%s", a.Line, list(chips), near(a.Line, names))
}

// byOffset returns the line with an offset in the header or the only chip.
func byOffset(chips []*chip, offset uint32) (*chip, unix.GPIOV2LineInfo, error) {
	c := chips[0]
	switch {
	case len(chips) > 1 && !c.isHeader():
		return nil, unix.GPIOV2LineInfo{}, fmt.Errorf("line %d could be of %s: write %s/%d or set --pin-chip", offset, list(chips), c.name, offset)
	case offset >= c.lines:
		return nil, unix.GPIOV2LineInfo{}, fmt.Errorf("%s has lines 0 to %d, not %d", c, int(c.lines)-1, offset)
	}
	info, err := c.line(offset)
	return c, info, err
}

// near returns a hint with the three names most similar to an unknown one.
func near(name string, names []string) string {
	var similar []string
	for range 3 {
		best := nearest.Of(name, names)
		if best == "" {
			break
		}
		similar = append(similar, best)
		names = slices.DeleteFunc(names, func(n string) bool { return n == best })
	}
	if similar == nil {
		return ""
	}
	return "; similar names: " + strings.Join(similar, ", ")
}

// line returns the kernel's information about a line.
func (c *chip) line(offset uint32) (unix.GPIOV2LineInfo, error) {
	info := unix.GPIOV2LineInfo{Offset: offset}
	err := c.device.Ioctl(unix.GPIO_V2_GET_LINEINFO_IOCTL, unsafe.Pointer(&info))
	if err != nil {
		return info, fmt.Errorf("%s, line %d: %w", c, offset, explain(err))
	}
	return info, nil
}

// explain adds what to do to an error of the kernel.
func explain(err error) error {
	if errors.Is(err, unix.ENOTTY) || errors.Is(err, unix.EINVAL) {
		return fmt.Errorf("%w; GPIO lines need Linux 5.10 or later", err)
	}
	return err
}

// text returns a C string.
func text(b []byte) string {
	s, _, _ := strings.Cut(string(b), "\x00")
	return s
}
