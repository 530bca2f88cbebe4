//go:build linux

// Cyclebench classifies frames on one thread, to measure the cost in cycles.
// Package roi marks the part to count. With -prepare it measures preprocessing
// instead: the conversion of camera frames of 640x480 pixels to the network's
// input. With -prepare MJPG that includes decoding a JPEG.
//
//	GOOS=linux GOARCH=arm64 CGO_ENABLED=0 go build ./tools/cyclebench
//	GOMAXPROCS=1 ./cyclebench -frames 5
//	GOMAXPROCS=1 ./cyclebench -frames 5 -prepare YUYV
package main

import (
	"flag"
	"fmt"
	"slices"
	"time"

	"halfmeg/internal/testpattern"
	"halfmeg/model"
	"halfmeg/model/pretrained"
	"halfmeg/model/sqz"
	"halfmeg/tools/internal/cli"
	"halfmeg/tools/internal/roi"
)

func main() {
	frames := flag.Int("frames", 1, "`number` of frames to classify or prepare")
	path := flag.String("model", "", ".sqz `file` of the network (default: the embedded one)")
	operation := flag.String("operation", "", "mark only this `operation` of each frame; edge bench lists the names")
	format := flag.String("prepare", "", "measure preprocessing of frames in this pixel `format` instead: "+formatNames())
	minSide := flag.Int("min-side", -1, "with -prepare MJPG, the smallest side in `pixels` to which frames may be scaled; 0: whole frames (default: as edge run)")
	rotate := flag.Int("rotate", 0, "`degrees` by which -prepare rotates the frames: 0, 90, 180 or 270")
	cli.Flags("cyclebench", `Cyclebench classifies frames on one thread and prints the time per frame. An
emulator that counts cycles finds the frames between the marks of package roi.

  GOOS=linux GOARCH=arm64 CGO_ENABLED=0 go build ./tools/cyclebench
  GOMAXPROCS=1 ./cyclebench -frames 5
  GOMAXPROCS=1 ./cyclebench -frames 5 -prepare YUYV
`)
	if *frames < 1 || flag.NArg() > 0 {
		cli.Usage("cyclebench", "-frames must be at least 1, and only flags are accepted (-help lists them)")
	}
	n, err := load(*path)
	switch {
	case err != nil:
	case *format != "":
		err = prepare(n, *format, *rotate, *minSide, *frames)
	default:
		err = run(n, *operation, *frames)
	}
	if err != nil {
		cli.Exit("cyclebench", err, "interrupted")
	}
}

func run(n *model.Network, operation string, frames int) error {
	e, err := model.NewEngine(n, 1)
	if err != nil {
		return err
	}
	defer e.Close()
	frame, err := marked(e, operation)
	if err != nil {
		return err
	}
	picture := testpattern.Frame(n.Input.Size)
	copy(e.Input(), picture)
	e.Run() // warm the caches
	begin := time.Now()
	for range frames {
		copy(e.Input(), picture) // Run overwrites it
		frame()
	}
	report(frames, begin)
	return nil
}

func report(frames int, begin time.Time) {
	fmt.Printf("%d frames, %.2f ms each, unmarked parts included\n", frames, time.Since(begin).Seconds()*1e3/float64(frames))
}

func load(path string) (*model.Network, error) {
	if path == "" {
		return pretrained.Load(pretrained.Default)
	}
	return sqz.ReadFile(path)
}

// marked returns a function that runs a frame, with marks around it or around one
// of its operations.
func marked(e *model.Engine, operation string) (func(), error) {
	if operation == "" {
		return func() {
			roi.Begin()
			e.Run()
			roi.End()
		}, nil
	}
	at := slices.IndexFunc(e.Operations(), func(o model.Operation) bool { return o.Name == operation })
	if at < 0 {
		return nil, fmt.Errorf("unknown operation %q: edge bench lists the names", operation)
	}
	return func() {
		e.RunTraced(func(ended int) {
			switch ended {
			case at - 1:
				roi.Begin()
			case at:
				roi.End()
			}
		})
	}, nil
}
