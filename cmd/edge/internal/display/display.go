// Package display is a sink that shows the current answer on a small display:
// the label in letters that can be read from two metres, a bar for the
// probability, and the frame rate or the temperature in small letters.
//
// A display has few pixels, a slow bus and a plug. The sink therefore draws at
// most five times a second, and sends only the pages (rows of eight pixels) that
// have changed. It runs a goroutine that opens the display again, with
// exponential backoff, when it is missing or has been unplugged. A missing display
// is reported once and never ends the run.
//
// OLEDs wear out: the picture moves by a pixel each minute, and is dimmed at night.
package display

import (
	"context"
	"errors"
	"fmt"
	"image"
	"sync"
	"time"

	"periph.io/x/conn/v3/i2c"

	"halfmeg/cmd/edge/internal/pipeline"
)

// Defaults of Config.
const (
	DefaultBus      = "/dev/i2c-1" // of the Raspberry Pi's header
	DefaultAddress  = 0x3c
	DefaultContrast = 255
)

// What Config.Info shows.
const (
	Rate        = "rate"        // frames per second
	Temperature = "temperature" // of the processor
	None        = "none"
)

// Config describes the display and what it shows.
type Config struct {
	Size     image.Point // of the panel in pixels
	Bus      string      // path of the bus
	Address  int         // on the bus, 7 bits
	Rotate   bool        // by 180 degrees
	Contrast byte        // by day
	Night    Hours       // when the display is dimmed
	Info     string      // Rate, Temperature or None
	Nothing  float64     // a less probable answer is not shown
	Cameras  int         // of the run; 0 means 1

	// Celsius returns the temperature of the processor, if known; nil if it never is.
	Celsius func() (float64, bool)

	// Report is called when the display cannot be used, once for each cause, and Log
	// when it works again. Both may be nil.
	Report func(error)
	Log    func(string)

	openBus func(path string) (i2c.BusCloser, error) // nil: the system's
}

// Sink shows observations.
type Sink struct {
	config Config

	mu    sync.Mutex
	state state

	ctx    context.Context // ends when Close is called
	cancel context.CancelFunc
	done   chan struct{}
}

// New starts a sink. It does not wait for the display.
func New(c Config) (*Sink, error) {
	switch {
	case c.Size.X != columns || c.Size.Y != 32 && c.Size.Y != 64:
		return nil, fmt.Errorf("a display has %d x 64 or %d x 32 pixels, not %v", columns, columns, c.Size)
	case c.Address < firstAddress || c.Address > lastAddress:
		return nil, fmt.Errorf("I2C addresses are %#x to %#x, not %#x", firstAddress, lastAddress, c.Address)
	}
	if _, err := busNumber(c.Bus); err != nil {
		return nil, err
	}
	switch c.Info {
	case Rate, Temperature, None:
	default:
		return nil, errors.New("the small text of a display is rate, temperature or none")
	}
	if c.Celsius == nil {
		c.Celsius = func() (float64, bool) { return 0, false }
	}
	if c.Report == nil {
		c.Report = func(error) {}
	}
	if c.Log == nil {
		c.Log = func(string) {}
	}
	if c.openBus == nil {
		c.openBus = openBus
	}
	s := &Sink{config: c, state: newState(time.Now()), done: make(chan struct{})}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	go s.run()
	return s, nil
}

// Observe shows the answer of an observation.
func (s *Sink) Observe(o *pipeline.Observation) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.observe(o, s.config.Nothing, time.Now())
	return nil
}

// CameraChanged shows that no camera sends frames.
func (s *Sink) CameraChanged(c pipeline.CameraState) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.cameraChanged(c.Name, c.Err != nil, s.config.Cameras, time.Now())
	return nil
}

// Close blanks the display and releases it.
func (s *Sink) Close() error {
	s.cancel()
	<-s.done
	return nil
}
