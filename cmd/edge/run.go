package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"halfmeg/camera/pixel"
	"halfmeg/cmd/edge/internal/config"
	"halfmeg/cmd/edge/internal/decision"
	"halfmeg/cmd/edge/internal/flags"
	"halfmeg/cmd/edge/internal/jsonl"
	"halfmeg/cmd/edge/internal/pipeline"
	"halfmeg/cmd/edge/internal/stdout"
	"halfmeg/cmd/edge/internal/systemd"
	"halfmeg/model"
	"halfmeg/model/classify"
)

// runCommand classifies what a camera shows, frame by frame.
type runCommand struct {
	config      string // path of the configuration file; empty to search for one
	engine      flags.Engine
	camera      flags.Camera
	cameras     []flags.NamedCamera // of camera
	rotate      flags.Rotation
	mirror      bool
	crop        pixel.Region
	skip        int
	frames      int // 0: until stopped
	filter      stdout.Filter
	decision    flags.Decision
	outputs     outputFlags
	args        []string         // arguments of the command, to parse them again
	file        string           // path of the loaded configuration file; empty for none
	settings    *config.Settings // effective values of flags, file and environment; a reload replaces it
	started     *config.Settings // the settings at the start
	events      bool
	json        bool
	stats       bool
	exitOnError bool
}

// topClasses is the number of classes in an observation.
const topClasses = 5

// newRun returns the command run. args are its arguments, which reload parses again.
func newRun(args []string) *cobra.Command {
	_, command := newRunCommand(args)
	return command
}

// newRunCommand returns the command and the struct that its flags set.
func newRunCommand(args []string) (*runCommand, *cobra.Command) {
	r := &runCommand{args: args}
	command := &cobra.Command{
		Use:   "run [flags] --camera CAMERA",
		Short: "Classify what a camera shows, frame by frame",
		Long: `run classifies what a camera shows and writes a line for each frame, until Ctrl-C
or --frames.
The camera "auto" is the first one that works; "edge cameras" lists them all. If
the camera is missing, in use or unplugged, run reports why on stderr and waits for
it. A permanent error, such as a wrong password, ends the program unless
--keep-trying is set.
The camera "rpicam" is a Raspberry Pi's camera module, read through the program
rpicam-vid; its width is rounded to a multiple of 128.
The camera "testcard" is built in: it draws scenes that the network knows, so
each line shows the true scene next to the answer and the last line counts them.

A camera may also be a picture, a folder of pictures, consecutive JPEGs (as
rpicam-vid --codec mjpeg writes them), Y4M video, - for standard input, or the
http address of an MJPEG stream or of a picture, which is requested --rate times
per second, once by default. The type of a file is detected from its content,
except for raw frames, which need --size and --format. Every frame of a file is
classified; of a stream or pipe always the newest. A picture that cannot be read
is reported on stderr and skipped. --watch includes subfolders.

With --json each line has the frame's number; "time", when it was taken, by the
system clock (RFC 3339); "age_ms", its age when the result was known, and
"elapsed", the seconds since the start of the run, both by the monotonic clock;
"ms", how long reading, preparing and inferring took; and the "results".

Several cameras, each with a name, take turns: --camera door=rtsp://… --camera yard=0.
The other flags hold for each of them, and events, page and MQTT name the camera.

Frames become events: something appears, something is gone. --events writes them,
--listen serves a page that shows them, --record keeps their pictures, --mqtt and
--webhook send them, --pin-output switches a GPIO line. --group, --allow and --deny
select what is reported.`,
		Example: `  edge run --camera testcard --frames 20
  edge run --camera auto --stats
  edge run --camera video0 --size 1280x720 --format MJPG --control power_line=50_hz
  edge run --camera rpicam --size 1280x720 --rate 10
  edge run --camera 0 --crop 50%x50%+25%+25% --on-change --min-probability 30%
  edge run --camera photos/ --watch
  rpicam-vid --codec mjpeg -t 0 -n -o - | edge run --camera -
  edge run --camera http://camera.local:8080/stream
  edge run --camera rtsp://name:password@camera.local/stream
  edge run --camera testcard --model squeezenet1.0
  edge run --camera testcard --listen 127.0.0.1:8080
  edge run --camera auto --events --group dog --group vehicle
  edge run --camera door=rtsp://camera.local/stream --camera yard=video0 --listen :8080
  edge run --camera testcard --json | head`,
		Args: r.checkArgs,
		RunE: r.run,
	}
	f := command.Flags()
	f.SortFlags = false // keep related flags together in the help
	r.camera.Add(f)
	f.Var(flags.Count(&r.skip), "skip", "discard this `number` of frames each time the camera starts, while it adjusts its exposure")
	f.Var(flags.UpTo(&r.frames, math.MaxInt32), "frames", "stop after this `number` of frames")
	f.BoolVar(&r.exitOnError, "exit-on-error", false, "exit when the camera fails, instead of waiting for it")
	f.Var(flags.Region(&r.crop), "crop", "use only a part of each frame, such as 640x480+100+20 or 50%x100%+25%+0%, before turning it")
	f.Var(&r.rotate, "rotate", "turn frames clockwise by 90, 180 or 270 `degrees`, for a camera mounted that way")
	f.BoolVar(&r.mirror, "mirror", false, "mirror frames left to right, after turning them")
	r.engine.Add(f)
	f.BoolVar(&r.events, "events", false, "write a line when something appears or is gone, instead of one for each frame")
	f.BoolVar(&r.json, "json", false, "write one JSON object a line")
	f.BoolVar(&r.filter.OnChange, "on-change", false, "write a line only when the most probable class changes")
	f.Var(flags.Probability(&r.filter.MinProbability), "min-probability", "write a line only if the first result has at least this `probability`, such as 0.3 or 30%")
	f.BoolVar(&r.stats, "stats", false, "at the end, write rate, dropped frames and latency to stderr")
	r.decision.Add(f)
	r.outputs.add(f)
	f.StringVar(&r.config, "config", "", "configuration `file`; see edge config --help")
	return r, command
}

func (r *runCommand) checkArgs(cmd *cobra.Command, args []string) error {
	var err error
	if r.settings, err = r.configure(cmd.Flags()); err != nil {
		return err
	}
	r.started = r.settings
	if len(args) > 0 {
		return onlyFlags(args[0])
	}
	r.cameras, err = r.camera.Cameras()
	return err
}

// onlyFlags returns the error for an argument that is not a flag. It does not repeat an
// address, which may contain a password.
func onlyFlags(argument string) error {
	if strings.Contains(argument, "://") {
		return errors.New("run takes only flags: pass the address as --camera ADDRESS")
	}
	return fmt.Errorf("run takes only flags, not %q", argument)
}

func (r *runCommand) run(cmd *cobra.Command, _ []string) (err error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program immediately
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	cameras := r.cameraRuns(cmd.ErrOrStderr())
	network, err := r.engine.Network()
	if err != nil {
		return err
	}
	classifier, err := classify.New(network, r.engine.Threads)
	if err != nil {
		return err
	}
	defer classifier.Close()
	r.camera.Options.MinSide = r.minSide(network.Input.Size)
	if err := r.prepare(cameras, classifier, network); err != nil {
		return err
	}
	outputs := &outputs{stderr: cmd.ErrOrStderr(), cameras: len(cameras)}
	outputs.health = r.outputs.monitor(outputs.report, outputs.log)
	defer outputs.health.Close()
	outputs.addStdout(r.output(cmd.OutOrStdout()), r.outputPolicy(), cancel)
	hangups := r.catchHangup() // before the page reports that it is ready
	if err := r.addOutputs(outputs, network); err != nil {
		_ = outputs.close(ctx)
		return err
	}
	notifier := systemd.New(outputs.report)
	if notifier.Enabled() {
		outputs.addOptional("service status", systemd.NewStatus(notifier))
	}
	for _, c := range cameras {
		c.Queues = outputs.queuesOf(c.Name)
	}
	go reloadOnHangup(ctx, cancel, hangups, func() {
		if err := r.reload(cameras, network, outputs); err != nil {
			outputs.report(fmt.Errorf("reload failed, the old configuration stays: %w", err))
		}
	})

	notifier.Ready() // also without a camera, because the run waits for it
	go outputs.watch(ctx)
	go notifier.Feed(ctx, func() bool { return advance(cameras) })
	err = r.runAll(ctx, cameras, cmd.ErrOrStderr())
	notifier.Stopping()
	if failed := outputs.close(ctx); failed != nil {
		err = failed
	}
	if r.stats {
		err = errors.Join(err, r.writeStats(cmd.ErrOrStderr(), cameras, outputs.missed()))
	}
	return err
}

// decider returns the Decider that turns frames into events.
func (r *runCommand) decider(labels []string) (*decision.Decider, error) {
	if err := r.outputs.prepare(labels, &r.decision); err != nil {
		return nil, err
	}
	d, err := r.decision.Decider(labels)
	if err != nil {
		return nil, err
	}
	return d, r.outputs.pins.CheckReported(d)
}

// outputPolicy returns the policy for a slow standard output: lose nothing, unless that
// would delay other sinks.
func (r *runCommand) outputPolicy() pipeline.Policy {
	if r.outputs.enabled() {
		return pipeline.DropOldest
	}
	return pipeline.Wait
}

// output returns the sink for standard output.
func (r *runCommand) output(w io.Writer) pipeline.Sink {
	switch {
	case r.events:
		return stdout.NewEvents(w, r.json)
	case r.json:
		r.filter.Next, r.filter.Events = stdout.NewJSON(w), true
	default:
		r.filter.Next = stdout.NewTerminal(w)
	}
	return &r.filter
}

// labels returns the labels of a network's classes, empty ones if it has none.
func labels(n *model.Network) []string {
	if len(n.Labels) == 0 {
		return make([]string, n.Topology.Head.Classes)
	}
	return n.Labels
}

// writeStats writes the summary of each camera; what outputs have missed is in the last.
func (r *runCommand) writeStats(w io.Writer, cameras []*cameraRun, missed map[string]int) error {
	maps.DeleteFunc(missed, func(_ string, frames int) bool { return frames == 0 })
	for i, c := range cameras {
		s := c.Stats.Summary()
		s.Camera = c.Name
		if i == len(cameras)-1 {
			s.Missed = missed
		}
		if err := r.writeSummary(w, s); err != nil {
			return err
		}
	}
	return nil
}

func (r *runCommand) writeSummary(w io.Writer, s pipeline.Summary) error {
	if r.json {
		return jsonl.Write(w, s)
	}
	return s.Write(w)
}

// minSide returns the smallest side to which a camera's JPEGs may be scaled when they are
// decoded: twice the network's input. At smaller sizes more answers differ from those to
// whole frames (docs/boards.md). Frames are not scaled if a region is cropped, which is in
// pixels of the whole frame, or if outputs show turned frames, which are encoded from the
// decoded frame.
func (r *runCommand) minSide(inputSize int) int {
	turned := r.rotate != 0 || r.mirror
	if r.crop != (pixel.Region{}) || turned && r.outputs.enabled() {
		return 0
	}
	return 2 * inputSize
}
