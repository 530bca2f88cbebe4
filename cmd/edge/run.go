package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"halfmeg/camera"
	"halfmeg/camera/steady"
	"halfmeg/camera/testcard"
	"halfmeg/internal/printable"
	"halfmeg/model/classify"
)

// run is the command that names what a camera shows, frame by frame.
type run struct {
	engine      engineFlags
	camera      cameraFlags
	frames      int // 0: until stopped
	json        bool
	exitOnError bool
	showStats   bool
	stats       stats
	rotate      quarterTurns
	mirror      bool
}

// observed is what "edge run --json" writes for each frame.
type observed struct {
	Frame   int      `json:"frame"`           // from 1
	Scene   string   `json:"scene,omitempty"` // what the frame truly shows, where the source knows it
	Right   *bool    `json:"right,omitempty"` // whether the first result names that scene
	Results []result `json:"results"`
	Times   times    `json:"ms"`
}

// score counts the frames whose true scene is known.
type score struct{ right, known int }

// jsonResults is how many classes a frame's JSON has.
const jsonResults = 5

func newRun() *cobra.Command {
	var r run
	command := &cobra.Command{
		Use:   "run [flags] --camera CAMERA",
		Short: "Name what a camera shows, frame by frame",
		Long: `run names what a camera shows, a line a frame, until Ctrl-C or --frames. The
camera "auto" is the first that serves; "edge cameras" lists them all. One that
is not there, is in use or is unplugged is waited for, and stderr tells of it.
The camera "rpicam" is a Raspberry Pi's camera module, read through the program
rpicam-vid; it gives the nearest size whose width is a multiple of 128.
The camera "testcard" is built in: it draws scenes that the network knows, so
each line has the true scene beside the answer and the last line counts them.

A camera may also be a picture, a folder of pictures, Y4M video, - for standard
input, or the address of an MJPEG stream. Files are recognised by their content
and shown frame by frame; with --size and --format they are raw frames. Streams
and pipes show their newest frame. A picture that cannot be read is named on
stderr and skipped.`,
		Example: `  edge run --camera testcard --frames 20
  edge run --camera auto --stats
  edge run --camera video0 --size 1280x720 --format MJPG --control power_line=50_hz
  edge run --camera rpicam --size 1280x720 --rate 10
  edge run --camera photos/ --watch
  edge run --camera http://camera.local:8080/stream
  edge run --camera testcard --model squeezenet1.0
  edge run --camera testcard --json | head`,
		Args: r.check,
		RunE: r.run,
	}
	r.engine.add(command.Flags())
	r.camera.add(command.Flags())
	command.Flags().Var(&r.rotate, "rotate", "turn frames clockwise by 90, 180 or 270 `degrees`, for a camera that is mounted so")
	command.Flags().BoolVar(&r.mirror, "mirror", false, "mirror frames left to right, after turning them")
	command.Flags().Var(upTo(&r.frames, math.MaxInt32), "frames", "stop after this `number` of frames")
	command.Flags().BoolVar(&r.json, "json", false, "write one JSON object a line")
	command.Flags().BoolVar(&r.exitOnError, "exit-on-error", false, "end when the camera fails, instead of waiting for it")
	command.Flags().BoolVar(&r.showStats, "stats", false, "at the end, tell on stderr of rate, dropped frames and latency")
	return command
}

func (r *run) check(_ *cobra.Command, args []string) error {
	switch {
	case len(args) > 0:
		return fmt.Errorf("run takes flags alone, not %q", args[0])
	case r.camera.name == "":
		return errors.New("run needs a camera: edge run --camera auto, or testcard")
	}
	return nil
}

func (r *run) run(cmd *cobra.Command, _ []string) (err error) {
	recognizer, err := r.engine.recognizer()
	if err != nil {
		return err
	}
	defer recognizer.Close()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	source, err := r.open(ctx, cmd.ErrOrStderr())
	if err != nil {
		return failure(ctx, err)
	}
	defer func() { err = errors.Join(err, source.Close()) }()

	total, err := r.watch(ctx, source, recognizer, cmd.OutOrStdout())
	if err == nil && total.known > 0 && !r.json {
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "%d of %d right\n", total.right, total.known)
	}
	if r.showStats {
		err = errors.Join(err, r.stats.write(cmd.ErrOrStderr(), r.json))
	}
	return err
}

// open opens the camera, and again whenever it fails if that is not to end
// the run.
func (r *run) open(ctx context.Context, stderr io.Writer) (camera.Source, error) {
	options := r.camera.options
	if options.Rate == 0 {
		options.Rate = r.rate()
	}
	options.Skipped = func(err error) { report(stderr, err) }
	open := camera.NewOpener(r.camera.name, options).Open
	if r.exitOnError {
		return open(ctx)
	}
	return steady.New(ctx, open, func(err error) {
		if err == nil {
			fmt.Fprintln(stderr, "edge: the camera gives frames")
			return
		}
		report(stderr, fmt.Errorf("%w; waiting for the camera", err))
	})
}

// watchRate is the frames a second that a person follows with ease.
const watchRate = 10

// rate is the frame rate to ask for where none was given: the test card is
// slowed down for people, unless its frames are counted; cameras know theirs.
func (r *run) rate() float64 {
	if r.camera.name == camera.TestCard && r.frames == 0 {
		return watchRate
	}
	return 0
}

// watch recognizes frames until the source ends, the context does, or enough
// have been seen.
func (r *run) watch(ctx context.Context, source camera.Source, recognizer *classify.Recognizer, w io.Writer) (score, error) {
	var total score
	for i := 1; r.frames == 0 || i <= r.frames; i++ {
		start := time.Now()
		frame, err := source.Next(ctx)
		if err != nil {
			return total, failure(ctx, err)
		}
		o, err := r.observe(recognizer, frame, time.Since(start))
		if err != nil {
			return total, fmt.Errorf("frame %d: %w", i, err)
		}
		o.Frame = i
		total.add(o)
		if err := r.write(w, o); err != nil {
			return total, err
		}
	}
	return total, nil
}

// failure is nil where err is an ordinary end: the source has no more frames,
// or the user wants no more.
func failure(ctx context.Context, err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, ctx.Err()) {
		return nil
	}
	return err
}

func (r *run) observe(recognizer *classify.Recognizer, frame *camera.Frame, waited time.Duration) (observed, error) {
	pixels := frame.Pixels()
	pixels.Rotate, pixels.Mirror = int(r.rotate), r.mirror
	began := time.Now()
	answer, err := recognizer.Run(pixels)
	if err != nil {
		return observed{}, err
	}
	r.stats.add(frame, began.Add(answer.Prepare))
	o := observed{Scene: frame.Scene, Results: results(recognizer, answer, jsonResults), Times: newTimes(waited, answer)}
	if o.Scene != "" {
		right := testcard.Right(o.Scene, o.Results[0].Label)
		o.Right = &right
	}
	return o, nil
}

func (s *score) add(o observed) {
	if o.Right == nil {
		return
	}
	s.known++
	if *o.Right {
		s.right++
	}
}

// write shows a frame as a line of JSON, or as a line of a table for people,
// which has the true scene beside the answer where it is known.
func (r *run) write(w io.Writer, o observed) error {
	if r.json {
		return writeJSON(w, o)
	}
	line := fmt.Sprintf("%6d  %s\n", o.Frame, tableRow(o))
	if o.Frame == 1 {
		line = tableHead(o) + line
	}
	_, err := io.WriteString(w, line)
	return err
}

func tableHead(o observed) string {
	head := fmt.Sprintf("%-24s %11s  %9s", "answer", "probability", "time")
	if o.Right != nil {
		head = fmt.Sprintf("%-16s  %-5s  %s", "scene", "", head)
	}
	return " frame  " + head + "\n"
}

func tableRow(o observed) string {
	first := o.Results[0]
	row := fmt.Sprintf("%-24s %9.1f %%  %6.1f ms", printable.Text(shortLabel(first.Label)),
		100*first.Probability, o.Times.Prepare+o.Times.Infer)
	if o.Right != nil {
		row = fmt.Sprintf("%-16s  %s  %s", o.Scene, verdict(*o.Right), row)
	}
	return row
}

// verdict has one width for both outcomes.
func verdict(right bool) string {
	if right {
		return "right"
	}
	return "wrong"
}
