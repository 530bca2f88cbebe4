// Package oledtest models the display controller SSD1306 for tests: its memory
// after the bytes that a driver has sent. They are those of a fake I2C bus, or from
// a trace of QEMU's I2C bus.
//
// The commands are those of the data sheet "SSD1306", revision 1.1, section 9.
package oledtest

import (
	"errors"
	"fmt"
	"sync"

	"periph.io/x/conn/v3/physic"
)

// Size of the controller's memory: columns, and pages of eight rows.
const (
	columns = 128
	pages   = 8
)

// Controller is an SSD1306. The zero value is one after power-on, before the charge
// pump is switched on.
type Controller struct {
	memory     [pages][columns]byte
	horizontal bool // addressing mode
	columnEnd  int  // of the window, inclusive
	column     int
	page       int

	On       bool
	Contrast byte
	Bytes    int // received in total, without addresses

	pending []byte // a command whose arguments are incomplete
}

// Write receives a transfer. Its first byte says whether commands or data follow.
func (c *Controller) Write(p []byte) error {
	c.Bytes += len(p)
	if len(p) == 0 {
		return nil
	}
	switch p[0] {
	case 0x00:
		for _, b := range p[1:] {
			if err := c.command(b); err != nil {
				return err
			}
		}
	case 0x40:
		for _, b := range p[1:] {
			c.data(b)
		}
	default:
		return fmt.Errorf("control byte %#02x", p[0])
	}
	return nil
}

// arguments is the number of argument bytes of a command.
func arguments(command byte) int {
	switch command {
	case 0x20, 0x81, 0x8d, 0xa8, 0xd3, 0xd5, 0xd9, 0xda, 0xdb:
		return 1
	case 0x21, 0x22:
		return 2
	}
	return 0
}

func (c *Controller) command(b byte) error {
	c.pending = append(c.pending, b)
	command := c.pending[0]
	if len(c.pending) <= arguments(command) {
		return nil
	}
	args := c.pending[1:]
	c.pending = nil
	switch {
	case command <= 0x0f:
		c.column = c.column&0xf0 | int(command)
	case command <= 0x1f:
		c.column = c.column&0x0f | int(command&0x07)<<4
	case command == 0x20:
		c.horizontal = args[0] == 0
	case command == 0x21:
		c.column, c.columnEnd = int(args[0]), int(args[1])
	case command == 0x22:
		c.page = int(args[0])
	case command == 0x81:
		c.Contrast = args[0]
	case command == 0xae, command == 0xaf:
		c.On = command == 0xaf
	case command >= 0xb0 && command <= 0xb7:
		c.page = int(command & 7)
	case command == 0x40, command >= 0xa0 && command <= 0xa8, command == 0xc0, command == 0xc8, command == 0x2e, command == 0x8d, command >= 0xd3 && command <= 0xdb:
		// Wiring of the panel, voltages, timing: they do not change the memory.
	default:
		return fmt.Errorf("unknown command %#02x", command)
	}
	return nil
}

func (c *Controller) data(b byte) {
	c.memory[c.page%pages][c.column%columns] = b
	c.column++
	if c.horizontal && c.column > c.columnEnd {
		c.column = 0
		c.page++
	}
}

// Pages returns the memory of a panel with this number of rows: a byte for eight rows
// of a column, the upper one in the lowest bit, page after page.
func (c *Controller) Pages(rows int) []byte {
	var list []byte
	for _, page := range c.memory[:rows/8] {
		list = append(list, page[:]...)
	}
	return list
}

// Bus is an I2C bus with one controller, safe for concurrent use.
type Bus struct {
	mu         sync.Mutex
	address    uint16
	controller *Controller
	absent     bool
	err        error // the first unknown command
	transfers  int
	closed     int
}

// NewBus returns a bus with a controller.
func NewBus(address uint16) *Bus { return &Bus{address: address, controller: &Controller{}} }

// SetPresent plugs in or unplugs the controller. One that is plugged in is as after
// power-on.
func (b *Bus) SetPresent(present bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if present && b.absent {
		b.controller = &Controller{}
	}
	b.absent = !present
}

// State returns a copy of the controller.
func (b *Bus) State() Controller {
	b.mu.Lock()
	defer b.mu.Unlock()
	return *b.controller
}

// Closed returns how often the bus was closed.
func (b *Bus) Closed() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.closed
}

// Err returns the first error of the controller.
func (b *Bus) Err() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.err
}

// Tx implements i2c.Bus.
func (b *Bus) Tx(address uint16, w, r []byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.transfers++
	if b.absent || address != b.address {
		return errors.New("remote I/O error")
	}
	err := b.controller.Write(w)
	if b.err == nil {
		b.err = err
	}
	return err
}

// SetSpeed implements i2c.Bus.
func (b *Bus) SetSpeed(physic.Frequency) error { return nil }

// Close implements i2c.BusCloser.
func (b *Bus) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed++
	return nil
}

func (b *Bus) String() string { return "oledtest" }
