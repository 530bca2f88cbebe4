package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"reflect"
	"slices"
	"strings"

	"halfmeg/cmd/edge/internal/config"
	"halfmeg/cmd/edge/internal/decision"
	"halfmeg/cmd/edge/internal/systemd"
	"halfmeg/model"
)

// reloadable are the keys that take effect while edge runs.
var reloadable = []string{"allow", "deny", "group", "groups", "half-life", "min-off", "min-on", "off", "on"}

// catchHangup returns a channel of SIGHUP, which from now on does not end the program;
// nil without a configuration file, which leaves the signal's default, except in a service:
// "systemctl reload" must not end it.
func (r *runCommand) catchHangup() chan os.Signal {
	if hangup == nil || r.file == "" && !systemd.InService() {
		return nil
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, hangup)
	return signals
}

// reloadOnHangup reloads the configuration at each SIGHUP until the context ends. A
// closing terminal sends the same signal; that ends the run.
func reloadOnHangup(ctx context.Context, end context.CancelCauseFunc, signals chan os.Signal, reload func()) {
	defer signal.Stop(signals)
	terminal := hasTerminal()
	for {
		select {
		case <-ctx.Done():
			return
		case <-signals:
			if terminal && !hasTerminal() {
				end(nil)
				return
			}
			reload()
		}
	}
}

// reload reads the configuration with the flags of the start. It applies all reloadable
// changes, or none after an error.
func (r *runCommand) reload(cameras []*cameraRun, n *model.Network, o *outputs) error {
	if r.file == "" {
		o.log("no configuration file to reload: change the flags and restart edge")
		return nil
	}
	fresh, command := newRunCommand(r.args)
	if err := command.ParseFlags(r.args); err != nil {
		return err
	}
	if err := fresh.checkArgs(command, nil); err != nil {
		return err
	}
	// The whole configuration must be valid for the next start, but the recorder and the
	// pins keep their old configuration.
	if _, err := fresh.decider(labels(n)); err != nil {
		return err
	}
	fresh.outputs.record, fresh.outputs.pins = r.outputs.record, r.outputs.pins
	deciders := make([]*decision.Decider, len(cameras))
	for i := range deciders {
		var err error
		if deciders[i], err = fresh.decider(labels(n)); err != nil {
			return fmt.Errorf("%w; restart edge to change what is recorded or sets pins", err)
		}
	}
	sensors, err := r.changedSensors(fresh, labels(n))
	if err != nil {
		return err
	}
	applied := changed(r.settings, fresh.settings, true)
	needRestart := changed(r.started, fresh.settings, false)
	if sensors {
		needRestart = append(needRestart, "the sensors in MQTT")
	}
	for i, c := range cameras {
		if c.HasDecider() && len(applied) > 0 {
			c.SetDecider(deciders[i])
		}
	}
	r.settings = fresh.settings
	o.log(reloadMessage(applied, needRestart))
	return nil
}

// changed returns the keys with different values: the reloadable ones, or the others.
func changed(from, to *config.Settings, isReloadable bool) []string {
	var keys []string
	for _, key := range config.Diff(from, to) {
		if slices.Contains(reloadable, key) == isReloadable {
			keys = append(keys, key)
		}
	}
	return keys
}

// changedSensors reports whether a fresh configuration has other sensors than MQTT was
// started with.
func (r *runCommand) changedSensors(fresh *runCommand, labels []string) (bool, error) {
	if !r.outputs.mqtt.Enabled() {
		return false, nil
	}
	before, err := r.sensors(labels)
	if err != nil {
		return false, err
	}
	after, err := fresh.sensors(labels)
	return !reflect.DeepEqual(before, after), err
}

// reloadMessage describes a reload by the applied keys and those that need a restart.
func reloadMessage(applied, needRestart []string) string {
	text := "configuration reloaded: nothing changed"
	if len(applied) > 0 {
		text = "configuration reloaded: " + strings.Join(applied, ", ")
	}
	if len(needRestart) > 0 {
		text += "; restart edge for " + strings.Join(needRestart, ", ")
	}
	return text
}
