package flags

import (
	"errors"
	"fmt"
	"image"
	"strings"

	"github.com/spf13/pflag"

	"halfmeg/cmd/edge/internal/display"
)

// Display are the flags for a small display.
type Display struct {
	Kind     string // a name of displays; empty for none
	Bus      string
	Address  int
	Rotate   Rotation
	Contrast int
	Night    display.Hours
	Info     string
}

// displays are the kinds of displays.
var displays = []struct {
	name string
	size image.Point
}{
	{"ssd1306", image.Pt(128, 64)},
	{"ssd1306-128x32", image.Pt(128, 32)},
}

// Add defines the flags.
func (d *Display) Add(flags *pflag.FlagSet) {
	d.Contrast, d.Address = display.DefaultContrast, display.DefaultAddress
	flags.StringVar(&d.Kind, "display", "", "show the answer on this `kind` of I2C display: ssd1306 (128x64 pixels) or ssd1306-128x32")
	flags.StringVar(&d.Bus, "display-bus", display.DefaultBus, "I2C `bus` of the display")
	flags.Var(&address{&d.Address}, "display-address", "I2C `address` of the display")
	flags.Var(&d.Rotate, "display-rotate", "turn the display's picture by 180 `degrees`")
	flags.Var(UpTo(&d.Contrast, display.DefaultContrast), "display-contrast", "contrast of the display, a `number` from 1 to 255")
	flags.Var(&hours{&d.Night}, "display-night", "dim the display during these `hours`, such as 22:00-07:00")
	flags.StringVar(&d.Info, "display-info", display.Rate, "`text` in small letters on a display with 64 rows: rate, temperature or none")
}

// Enabled reports whether to use a display.
func (d *Display) Enabled() bool { return d.Kind != "" }

// Config returns the configuration of the sink.
func (d *Display) Config() (display.Config, error) {
	if !d.Enabled() {
		unused := Display{Bus: display.DefaultBus, Address: display.DefaultAddress, Contrast: display.DefaultContrast, Info: display.Rate}
		if *d != unused {
			return display.Config{}, errors.New("the flags --display-… need --display with the kind of display")
		}
		return display.Config{}, nil
	}
	c := display.Config{
		Bus: d.Bus, Address: d.Address, Rotate: d.Rotate == 180,
		Contrast: byte(d.Contrast), Night: d.Night, Info: d.Info,
	}
	if d.Rotate != 0 && d.Rotate != 180 {
		return c, fmt.Errorf("--display-rotate %d: a display can be turned by 180 degrees only", d.Rotate)
	}
	var names []string
	for _, k := range displays {
		if k.name == d.Kind {
			c.Size = k.size
			return c, nil
		}
		names = append(names, k.name)
	}
	return c, fmt.Errorf("--display %q: expected %s", d.Kind, strings.Join(names, " or "))
}

// hours is a flag for hours of the day.
type hours struct{ value *display.Hours }

func (h *hours) String() string { return h.value.String() }

func (h *hours) Type() string { return "hours" }

func (h *hours) Set(text string) error {
	v, err := display.ParseHours(text)
	if err == nil {
		*h.value = v
	}
	return err
}

// address is a flag for an I2C address.
type address struct{ value *int }

func (a *address) String() string { return fmt.Sprintf("%#x", *a.value) }

func (a *address) Type() string { return "address" }

func (a *address) Set(text string) error {
	var v int
	var rest string
	if n, _ := fmt.Sscanf(text+" ", "0x%x%s", &v, &rest); n != 1 || v > 0x7f {
		return errors.New("expected a hexadecimal address such as 0x3c")
	}
	*a.value = v
	return nil
}
