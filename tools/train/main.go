// Train trains a SqueezeNet for classes of pictures and writes it as an int8 .sqz
// file for edge:
//
//	go run ./tools/train -pictures DIR -out mine.sqz
//
// DIR has one folder of pictures per class. The network starts from the one that is
// built into edge, or from -weights.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"halfmeg/quant/importer"
	"halfmeg/quant/train"
	"halfmeg/tools/internal/cli"
)

const tool = "train"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C kills the program
	err := run(ctx)
	var usage importer.OptionError
	switch {
	case errors.As(err, &usage):
		cli.Usage(tool, err.Error())
	case err != nil:
		cli.Exit(tool, err, "interrupted; the .sqz file was not written")
	}
}

// memoryLimit is the soft limit of the heap in bytes, unless GOMEMLIMIT is set.
const memoryLimit = 3_600 << 20

func run(ctx context.Context) error {
	s := readFlags()
	debug.SetGCPercent(50) // most of the heap is pictures and activations that stay live
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
	if err := cli.CheckOutputs(tool, s.outputs(), cli.Output{Flag: "weights", Path: s.weights}); err != nil {
		return err
	}
	if s.example {
		return runExample(ctx, s)
	}
	return (&job{settings: s}).run(ctx)
}

// run does the whole job.
func (j *job) run(ctx context.Context) error {
	if err := j.prepare(ctx); err != nil {
		return err
	}
	trainErr := j.train(ctx)
	switch {
	case j.net == nil:
		return trainErr
	case errors.Is(trainErr, context.Canceled):
		// The work so far is worth a file. The next interruption ends the program.
		j.warn("interrupted: the network as trained so far is written")
		return j.finish(context.Background())
	case trainErr != nil:
		j.warn(trainErr.Error() + "; the best network so far is written")
		if errors.Is(trainErr, train.ErrDiverged) {
			j.removeCheckpoint() // from there, the same options would diverge again
		}
		return errors.Join(j.finish(ctx), trainErr)
	}
	err := j.finish(ctx)
	if err == nil {
		j.removeCheckpoint()
	} else if j.checkpointed {
		fmt.Printf("%s: the trained network; the same command with -resume continues from there\n", j.checkpoint)
	}
	return err
}

// job is a run of the tool.
type job struct {
	*settings
	data
	result
	warnings []string
	watch    watcher // may be nil
}

// warn prints a warning and keeps it for the report.
func (j *job) warn(text string) {
	fmt.Fprintln(os.Stderr, cli.Line(tool+": warning: "+text))
	j.warnings = append(j.warnings, text)
}
