package display

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"periph.io/x/conn/v3/i2c"
	"periph.io/x/devices/v3/ssd1306"
	"periph.io/x/devices/v3/ssd1306/image1bit"
	"periph.io/x/host/v3/sysfs"
)

// columns is the width of all panels.
const columns = 128

// pageRows is the height of a page, the unit in which a panel is written.
const pageRows = 8

// Addresses of devices on an I2C bus; the others are reserved (UM10204, section 3.1.12).
const (
	firstAddress = 0x08
	lastAddress  = 0x77
)

// panel is an open display.
type panel struct {
	bus    i2c.BusCloser
	device *ssd1306.Dev
	sent   *image1bit.VerticalLSB // the picture on the panel; nil if unknown
}

// open opens the bus and initialises the panel. An error explains what to do. scan
// selects whether it lists the addresses that acknowledge.
func (c *Config) open(scan bool) (*panel, error) {
	bus, err := c.openBus(c.Bus)
	if err != nil {
		return nil, err
	}
	p := &panel{bus: bus}
	if err := p.initialize(c); err != nil {
		err = c.explain(bus, err, scan)
		return nil, errors.Join(err, bus.Close())
	}
	return p, nil
}

// initialize configures the controller, whose memory keeps its content. It sets the contrast
// immediately, because the driver lights the panel at the highest one.
func (p *panel) initialize(c *Config) error {
	device, err := ssd1306.NewI2C(readdressed{p.bus, uint16(c.Address)}, &ssd1306.Opts{
		W: c.Size.X, H: c.Size.Y,
		// A panel with 32 rows connects each row to the next output of the controller.
		Sequential:     c.Size.Y == 32,
		MirrorVertical: c.Rotate, MirrorHorizontal: c.Rotate,
	})
	p.device, p.sent = device, nil
	if err != nil {
		return err
	}
	return device.SetContrast(c.contrast(time.Now()))
}

// readdressed is a bus on which the display has another address than the driver's.
type readdressed struct {
	i2c.Bus
	address uint16
}

// Tx passes a transfer on with the display's address.
func (b readdressed) Tx(_ uint16, w, r []byte) error { return b.Bus.Tx(b.address, w, r) }

// draw sends the pages that have changed. The driver sends the columns of a rectangle
// around all changes, so it gets one page after the other.
func (p *panel) draw(img *image1bit.VerticalLSB) error {
	if p.sent == nil {
		if err := p.device.Draw(img.Rect, img, image.Point{}); err != nil {
			return err
		}
		p.sent = image1bit.NewVerticalLSB(img.Rect)
		copy(p.sent.Pix, img.Pix)
		return nil
	}
	for i := 0; i < len(img.Pix); i += img.Stride {
		old, fresh := p.sent.Pix[i:i+img.Stride], img.Pix[i:i+img.Stride]
		if bytes.Equal(old, fresh) {
			continue
		}
		copy(old, fresh)
		if err := p.device.Draw(p.sent.Rect, p.sent, image.Point{}); err != nil {
			return err
		}
	}
	return nil
}

// blank switches the panel off, with an empty memory.
func (p *panel) blank(size image.Point) error {
	return errors.Join(p.draw(image1bit.NewVerticalLSB(image.Rectangle{Max: size})), p.device.Halt())
}

// busNumber returns the number of a bus by its path.
func busNumber(path string) (int, error) {
	text, ok := strings.CutPrefix(path, "/dev/i2c-")
	n, err := strconv.Atoi(text)
	if !ok || err != nil || n < 0 {
		return 0, fmt.Errorf("%q is not an I2C bus, such as %s", path, DefaultBus)
	}
	return n, nil
}

// openBus opens a bus. It opens the file itself first, because errors of package sysfs
// lose their cause.
func openBus(path string) (i2c.BusCloser, error) {
	number, err := busNumber(path)
	if err != nil {
		return nil, err
	}
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("no I2C bus %s: enable it by sudo raspi-config (Interface Options, I2C) or by "+
			"dtparam=i2c_arm=on in /boot/firmware/config.txt, and restart%s", path, otherBuses(path))
	case errors.Is(err, fs.ErrPermission):
		return nil, fmt.Errorf("no permission to use the I2C bus %s: add the user to the group i2c by "+
			"sudo usermod -aG i2c USER, and log in again", path)
	case err != nil:
		return nil, fmt.Errorf("I2C bus: %w", err)
	}
	if err := file.Close(); err != nil {
		return nil, err
	}
	return sysfs.NewI2C(number)
}

// otherBuses lists the buses that exist, for an error.
func otherBuses(path string) string {
	list, _ := filepath.Glob("/dev/i2c-*") // fails only for a malformed pattern
	if len(list) == 0 {
		return ""
	}
	return "; --display-bus selects another one than " + path + ": " + strings.Join(list, ", ")
}

// explain explains why a panel does not acknowledge.
func (c *Config) explain(bus i2c.Bus, err error, scan bool) error {
	if driver := kernelDriver(c.Bus, c.Address); driver != "" {
		return fmt.Errorf("the display at address %#x of %s is in use by the kernel driver %s: "+
			"remove its dtoverlay line from /boot/firmware/config.txt, and restart", c.Address, c.Bus, driver)
	}
	absent := &absentError{address: c.Address, bus: c.Bus, err: err}
	if scan {
		absent.found = acknowledging(c.Bus, bus)
		absent.scanned = true
	}
	return absent
}

// absentError says that no display acknowledges.
type absentError struct {
	address int
	bus     string
	err     error
	scanned bool
	found   []string // addresses that acknowledge
}

func (e *absentError) Error() string {
	text := fmt.Sprintf("no display acknowledges at address %#x of %s (%v)", e.address, e.bus, e.err)
	switch {
	case !e.scanned:
		return text
	case len(e.found) == 0:
		return text + "; neither does any other device: check the wires (on the Pi's header 3.3 V is pin 1, SDA 3, SCL 5, ground 6)"
	}
	return text + "; these do: " + strings.Join(e.found, ", ") + "; --display-address selects one of them"
}

func (e *absentError) Unwrap() error { return e.err }

// scanTime limits a scan: with a wire shorted each address takes a second to fail.
const scanTime = 2 * time.Second

// clockGenerator is an address that a scan must not read: clock generators there have
// been known to lock the bus (i2cdetect(8)).
const clockGenerator = 0x69

// acknowledging lists the addresses that acknowledge reading one byte. A read does not
// change what a device stores, as a write may. Devices that the kernel uses are not
// read.
func acknowledging(path string, bus i2c.Bus) []string {
	var found []string
	start := time.Now()
	for address := firstAddress; address <= lastAddress && time.Since(start) < scanTime; address++ {
		if address == clockGenerator || kernelDriver(path, address) != "" {
			continue
		}
		if bus.Tx(uint16(address), nil, make([]byte, 1)) == nil {
			found = append(found, fmt.Sprintf("%#x", address))
		}
	}
	return found
}

// kernelDriver returns the driver of the kernel that uses an address, empty for none.
func kernelDriver(path string, address int) string {
	n, err := busNumber(path)
	if err != nil {
		return ""
	}
	target, err := os.Readlink(fmt.Sprintf("/sys/bus/i2c/devices/%d-%04x/driver", n, address))
	if err != nil {
		return ""
	}
	return filepath.Base(target)
}
