package flags

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"halfmeg/cmd/edge/internal/decision"
	"halfmeg/cmd/edge/internal/gpio"
	"halfmeg/cmd/edge/internal/pins"
)

// Pins are the flags for GPIO lines.
type Pins struct {
	Outputs  []pins.Output
	Buttons  []pins.Button
	Chip     string
	Shutdown string // the command of the action shutdown
}

// defaultShutdown is the default of Pins.Shutdown.
const defaultShutdown = "systemctl poweroff"

// Add defines the flags.
func (p *Pins) Add(flags *pflag.FlagSet) {
	flags.Var(&listFlag[pins.Output]{&p.Outputs, "line", pins.ParseOutput, pins.Output.String}, "pin-output", "activate a GPIO `line` while a class or group is seen, such as GPIO17=dog or GPIO17=dog,active-low,min=2s; with pulse=500ms only for a moment when it appears; GPIO17=* for every event; may be repeated")
	flags.Var(&listFlag[pins.Button]{&p.Buttons, "line", pins.ParseButton, pins.Button.String}, "button", "start an action by a button between a GPIO `line` and ground: GPIO27=snapshot keeps a picture in --record, GPIO27=snapshot,hold=shutdown also shuts down when held for 3 s; may be repeated")
	flags.StringVar(&p.Chip, "pin-chip", "", "GPIO `chip` of lines that do not name theirs, such as gpiochip4 or pinctrl-rp1 (default the chip of the header)")
	flags.StringVar(&p.Shutdown, "shutdown-command", defaultShutdown, "program and arguments of the `action` shutdown, separated by spaces; no shell runs it")
}

// Enabled reports whether a line is used.
func (p *Pins) Enabled() bool { return len(p.Outputs)+len(p.Buttons) > 0 }

// Check returns an error for flags that do not fit together. recording is whether pictures
// can be kept.
func (p *Pins) Check(recording bool) error {
	var addresses []gpio.Address
	for _, o := range p.Outputs {
		addresses = append(addresses, o.Address)
	}
	for _, b := range p.Buttons {
		addresses = append(addresses, b.Address)
		if !recording && (b.Press == pins.Snapshot || b.Hold == pins.Snapshot) {
			return fmt.Errorf("--button %s: a snapshot needs --record with a folder for the picture", b)
		}
	}
	for i, a := range addresses {
		if slices.ContainsFunc(addresses[:i], a.Same) {
			return fmt.Errorf("line %s is used twice in --pin-output and --button", a)
		}
	}
	switch {
	case len(strings.Fields(p.Shutdown)) == 0:
		return fmt.Errorf("--shutdown-command is empty: expected a program, such as %s", defaultShutdown)
	case p.Chip != "" && !p.Enabled():
		return errors.New("--pin-chip needs --pin-output or --button")
	}
	return nil
}

// Prepare resolves the names in --pin-output to groups that have events, classes, or
// built-in groups, for which it enables events.
func (p *Pins) Prepare(labels []string, d *Decision) error {
	for i := range p.Outputs {
		o := &p.Outputs[i]
		if o.Name == pins.Any {
			o.Events = pins.Events{Any: true}
			continue
		}
		group, classes, err := d.Enable(labels, o.Name)
		if err != nil {
			return fmt.Errorf("--pin-output %s: %w", o, err)
		}
		o.Events = pins.Events{Group: group, Classes: classes}
	}
	return nil
}

// CheckReported returns an error if --allow or --deny excludes the events of an output,
// which would then never be active.
func (p *Pins) CheckReported(d *decision.Decider) error {
	for _, o := range p.Outputs {
		reported := o.Events.Any || o.Events.Group != "" && d.ReportsGroup(o.Events.Group) ||
			slices.ContainsFunc(o.Events.Classes, d.ReportsClass)
		if !reported {
			return fmt.Errorf("--pin-output %s would never be active, because --allow or --deny excludes %s", o, o.Name)
		}
	}
	return nil
}
