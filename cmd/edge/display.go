package main

import (
	"halfmeg/cmd/edge/internal/display"
	"halfmeg/model"
)

// addDisplay starts the display.
func (r *runCommand) addDisplay(o *outputs, n *model.Network) error {
	c, err := r.outputs.display.Config()
	if err != nil || !r.outputs.display.Enabled() {
		return err
	}
	d, err := r.decision.Config(labels(n))
	if err != nil {
		return err
	}
	c.Nothing, c.Cameras = d.Off, o.cameras
	c.Celsius = func() (float64, bool) {
		if celsius := o.health.State().Celsius; celsius != nil {
			return *celsius, true
		}
		return 0, false
	}
	c.Report, c.Log = o.report, o.log
	s, err := display.New(c)
	if err != nil {
		return err
	}
	o.addOptional("display", s)
	return nil
}
