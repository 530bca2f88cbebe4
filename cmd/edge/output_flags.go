package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"

	"github.com/spf13/pflag"

	"halfmeg/camera/pixel"
	"halfmeg/cmd/edge/internal/flags"
	"halfmeg/cmd/edge/internal/gpio"
	"halfmeg/cmd/edge/internal/mqtt"
	"halfmeg/cmd/edge/internal/pins"
	"halfmeg/cmd/edge/internal/record"
	"halfmeg/cmd/edge/internal/server"
	"halfmeg/cmd/edge/internal/webhook"
	"halfmeg/model"
	"halfmeg/model/classify"
)

// outputFlags select the outputs of run other than standard output.
type outputFlags struct {
	server  flags.Server
	record  flags.Record
	mqtt    flags.MQTT
	webhook flags.Webhook
	pins    flags.Pins
	display flags.Display
}

func (f *outputFlags) add(set *pflag.FlagSet) {
	f.server.Add(set)
	f.record.Add(set)
	f.mqtt.Add(set)
	f.webhook.Add(set)
	f.pins.Add(set)
	f.display.Add(set)
}

// enabled reports whether an output is selected. All of them need events.
func (f *outputFlags) enabled() bool {
	return f.server.Enabled() || f.record.Config.Dir != "" || f.mqtt.Enabled() || len(f.webhook.URLs) > 0 || len(f.pins.Outputs) > 0 ||
		f.display.Enabled()
}

// prepare checks which events the outputs select, and adds the groups that they need.
func (f *outputFlags) prepare(labels []string, d *flags.Decision) error {
	d.DisableAdded() // a reload calls prepare more than once
	if f.record.Config.Dir != "" {
		if err := f.record.Prepare(labels, d); err != nil {
			return err
		}
	}
	return f.pins.Prepare(labels, d)
}

// addOutputs starts the outputs that the flags select.
func (r *runCommand) addOutputs(o *outputs, n *model.Network) error {
	for _, add := range []func(*outputs, *model.Network) error{r.addServer, r.addRecorder, r.addMQTT, r.addWebhooks, r.addPins, r.addDisplay} {
		if err := add(o, n); err != nil {
			return err
		}
	}
	return nil
}

// addServer starts the page.
func (r *runCommand) addServer(o *outputs, n *model.Network) error {
	f := &r.outputs.server
	if err := f.Check(); err != nil || !f.Enabled() {
		return err
	}
	second := &secondClassifier{network: n}
	c := f.Config
	c.Network, c.Version, c.Stderr, c.Classify = r.engine.Model, version(), o.stderr, second.classify
	c.Missed, c.Health = o.missed, o.health.State
	s, err := server.New(c)
	if err != nil {
		return err
	}
	o.closers = append(o.closers, s, second)
	for _, c := range r.cameras {
		o.addForCamera("page", c.Name, s.Sink(c.Name))
	}
	return nil
}

// addRecorder starts recording.
func (r *runCommand) addRecorder(o *outputs, _ *model.Network) error {
	f := &r.outputs.record
	if f.Config.Dir == "" {
		return nil
	}
	c := f.Config
	c.Warn = o.report
	s, err := record.New(c)
	if err != nil {
		return err
	}
	o.addOptional("recorder", s)
	o.recorder = s
	return nil
}

// addMQTT starts publishing. Each camera is a device with a connection.
func (r *runCommand) addMQTT(o *outputs, n *model.Network) error {
	c, err := r.outputs.mqtt.Config()
	if err != nil || !r.outputs.mqtt.Enabled() {
		return err
	}
	if c.Sensors, err = r.sensors(labels(n)); err != nil {
		return err
	}
	c.Version = version()
	c.Health = o.health.State
	c.Report, c.Log = o.report, o.log
	for _, camera := range r.cameras {
		one := c
		one.Camera = camera.Name
		s, err := mqtt.New(one)
		if err != nil {
			return err
		}
		o.addForCamera("MQTT", camera.Name, s)
	}
	return nil
}

// sensors returns the classes and groups that have a separate MQTT topic.
func (r *runCommand) sensors(labels []string) ([]mqtt.Sensor, error) {
	c, err := r.decision.Config(labels)
	if err != nil {
		return nil, err
	}
	return mqtt.Sensors(labels, c)
}

// addWebhooks starts a separate sink for each webhook, so that none delays another.
func (r *runCommand) addWebhooks(o *outputs, _ *model.Network) error {
	configs, err := r.outputs.webhook.Configs()
	if err != nil {
		return err
	}
	for _, c := range configs {
		c.Report, c.Log = o.report, o.log
		s, err := webhook.New(c)
		if err != nil {
			return err
		}
		o.addOptional("webhook", s)
	}
	return nil
}

// addPins starts outputs and buttons on GPIO lines.
func (r *runCommand) addPins(o *outputs, _ *model.Network) error {
	f := &r.outputs.pins
	if err := f.Check(o.recorder != nil); err != nil || !f.Enabled() {
		return err
	}
	if !gpio.Supported {
		return errors.New("--pin-output and --button need Linux")
	}
	c := pins.Config{GPIO: gpio.New(f.Chip), Report: o.report, Log: o.log}
	if len(f.Outputs) > 0 {
		o.addOptional("pins", pins.NewSink(c, f.Outputs))
		if gpio.Persists(os.DirFS("/")) {
			o.log("if edge is killed, this kernel keeps the level of its outputs; to change that, add dtparam=strict_gpiod to config.txt (docs/pins.md)")
		}
	}
	if len(f.Buttons) > 0 {
		shutdown := &pins.Command{Args: strings.Fields(f.Shutdown), Report: o.report}
		o.closers = append(o.closers, pins.NewButtons(c, f.Buttons, func(b pins.Button, a pins.Action) {
			o.log(fmt.Sprintf("button %s: %s", b.Address, a))
			switch a {
			case pins.Snapshot:
				o.recorder.Request("button")
			case pins.Shutdown:
				shutdown.Start()
			}
		}))
	}
	return nil
}

// secondClassifier classifies uploads to the page's API, because the first classifier is
// busy with the camera. It is created for the first upload and uses one thread.
type secondClassifier struct {
	network *model.Network

	mu         sync.Mutex
	classifier *classify.Classifier
	closed     bool
}

func (s *secondClassifier) classify(_ context.Context, img pixel.Image) ([]classify.Class, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, errors.New("edge is shutting down")
	}
	if s.classifier == nil {
		c, err := classify.New(s.network, 1)
		if err != nil {
			return nil, err
		}
		s.classifier = c
	}
	result, err := s.classifier.Classify(img)
	if err != nil {
		return nil, err
	}
	return result.Top(topClasses), nil
}

// Close releases the classifier. Later uploads fail.
func (s *secondClassifier) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if s.classifier != nil {
		s.classifier.Close()
	}
	return nil
}
