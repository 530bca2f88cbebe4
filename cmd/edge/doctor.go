package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"halfmeg/camera"
	"halfmeg/camera/testcard"
	"halfmeg/cmd/edge/internal/cameraerr"
	"halfmeg/cmd/edge/internal/doctor"
	"halfmeg/cmd/edge/internal/jsonl"
	"halfmeg/cmd/edge/internal/mqtt"
	"halfmeg/cmd/edge/internal/pihealth"
	"halfmeg/cmd/edge/internal/server"
	"halfmeg/kernels"
	"halfmeg/model/classify"
)

// newDoctor returns the command that examines the machine for what run needs.
func newDoctor() *cobra.Command {
	r, run := newRunCommand(nil)
	command := &cobra.Command{
		Use:   "doctor [flags of run]",
		Short: "Look for what keeps run from working, and say what to do",
		Long: `doctor checks what usually goes wrong: the configuration, the system, the power
supply, temperature, memory, storage, the clock, the service, programs, permissions
for camera, I2C and GPIO, the port of --listen, the MQTT broker, the camera, and
whether the network classifies the test card right. With the flags or the
configuration file of run it checks what run would use; without a camera in them,
the camera "auto".

Each line begins with ok, warning or problem; below it is what to do. The exit status
is 1 if there is a problem. With --json each line is an object.`,
		Example: `  edge doctor
  edge doctor --config /etc/halfmeg/config.yaml
  edge doctor --camera rpicam --listen :8080 --mqtt mqtt://homeassistant.local
  edge doctor --json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return fmt.Errorf("doctor: %w", onlyFlags(args[0]))
			}
			return r.doctor(cmd, run.Flags())
		},
	}
	command.Flags().SortFlags = false
	command.Flags().AddFlagSet(run.Flags())
	return command
}

// doctor examines this machine and writes what it finds.
func (r *runCommand) doctor(cmd *cobra.Command, flags *pflag.FlagSet) error {
	ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	_, configError := r.configure(flags)
	if configError == nil && len(r.camera.Selected) > 0 {
		_, configError = r.camera.Cameras()
	}
	out, failed := cmd.OutOrStdout(), false
	found := func(f doctor.Finding) error {
		failed = failed || f.Status == doctor.Problem
		if r.json {
			return jsonl.Write(out, f)
		}
		return doctor.Write(out, f)
	}
	if err := doctor.Run(ctx, r.machine(), r.plan(flags, configError), found); err != nil {
		return err
	}
	if failed {
		return errReported
	}
	return nil
}

// machine returns this machine.
func (r *runCommand) machine() *doctor.Machine {
	m := doctor.Local()
	m.Built = buildTime()
	m.LookPath = exec.LookPath
	state := r.outputs.healthReader().Read() // read once: all checks see the same
	m.Health = func() pihealth.State { return state }
	return m
}

// plan returns what run would use with these flags.
func (r *runCommand) plan(flags *pflag.FlagSet, configError error) *doctor.Plan {
	p := &doctor.Plan{
		Config:     func() (string, error) { return r.file, configError },
		Selected:   r.selectedCameras(),
		Cameras:    cameraSources,
		OpenCamera: r.firstFrame,
		Folder:     existing(r.outputs.record.Config.Dir),
		SelfTest:   r.selfTest,
		GPIO:       anySet(flags, "pin-output", "button"),
	}
	if anySet(flags, "display") {
		p.Bus = r.outputs.display.Bus
	}
	if r.outputs.server.Enabled() {
		p.Listen = func() (int, error) { return server.Probe(r.outputs.server.Config) }
	}
	if r.outputs.mqtt.Enabled() {
		p.Broker = func(ctx context.Context) (string, error) {
			c, err := r.outputs.mqtt.Config()
			if err != nil {
				return "", err
			}
			return mqtt.Probe(ctx, c)
		}
	}
	return p
}

// anySet reports whether one of these flags has a value other than its default.
func anySet(flags *pflag.FlagSet, names ...string) bool {
	for _, name := range names {
		if f := flags.Lookup(name); f != nil && f.Value.String() != f.DefValue {
			return true
		}
	}
	return false
}

// cameraSources lists the cameras of this machine, without the test card.
func cameraSources() []doctor.Source {
	var list []doctor.Source
	for _, s := range camera.List() {
		if s.Name != camera.TestCard {
			list = append(list, doctor.Source{Name: s.Name, Title: s.Card, Problem: s.Problem})
		}
	}
	return list
}

// selectedCameras returns the cameras that run would use; auto if none or invalid ones are
// selected.
func (r *runCommand) selectedCameras() []doctor.Camera {
	selected, err := r.camera.Cameras()
	if err != nil {
		return []doctor.Camera{{Address: camera.Auto}}
	}
	list := make([]doctor.Camera, len(selected))
	for i, c := range selected {
		list[i] = doctor.Camera(c)
	}
	return list
}

// firstFrame reads a frame of a camera.
func (r *runCommand) firstFrame(ctx context.Context, c doctor.Camera) (string, error) {
	name := c.Address
	if name == camera.StandardInput {
		return "standard input is not read here", nil
	}
	source, err := camera.Open(ctx, name, r.camera.Options)
	if err != nil {
		return "", cameraerr.Explain(err)
	}
	defer source.Close()
	start := time.Now()
	frame, err := source.Next(ctx)
	if err != nil {
		return "", cameraerr.Explain(err)
	}
	if name != camera.Auto && name != camera.TestCard {
		name = "the configured one" // the name may contain a password
	}
	return fmt.Sprintf("%s sends frames: %v, the first after %d ms", name, frame.Format, time.Since(start).Milliseconds()), nil
}

// selfTest classifies each scene of the test card once.
func (r *runCommand) selfTest(ctx context.Context) (doctor.SelfTest, error) {
	t := doctor.SelfTest{Network: filepath.Base(r.engine.Model), Threads: r.engine.Threads}
	var err error
	if t.Kernels, err = kernels.InstructionSet(); err != nil {
		return t, err
	}
	start := time.Now()
	classifier, err := r.engine.Classifier()
	if err != nil {
		return t, err
	}
	defer classifier.Close()
	t.Load = time.Since(start)
	source, err := camera.Open(ctx, camera.TestCard, camera.Options{})
	if err != nil {
		return t, err
	}
	defer source.Close()
	return t, classifyScenes(ctx, source, classifier, &t)
}

// classifyScenes classifies the first frame of each scene of the test card.
func classifyScenes(ctx context.Context, source camera.Source, c *classify.Classifier, t *doctor.SelfTest) error {
	seen := map[string]bool{}
	for {
		frame, err := source.Next(ctx)
		if err != nil {
			return err
		}
		if seen[frame.Scene] {
			if len(seen) == len(testcard.Scenes()) {
				return nil
			}
			continue
		}
		seen[frame.Scene] = true
		result, err := c.Classify(frame.Pixels())
		if err != nil {
			return err
		}
		t.Frames++
		if testcard.Matches(frame.Scene, result.Top(1)[0].Label) {
			t.Right++
		}
		if t.Infer == 0 || result.Infer < t.Infer {
			t.Infer = result.Infer
		}
	}
}
