//go:build linux

// Cyclebench classifies frames on one thread for who measures the cost in
// cycles; package marks tells which part of the run to count. With -prepare
// it makes the network's input from a camera's frames of 640x480 pixels
// instead.
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
	frames := flag.Int("frames", 1, "classify so many `frames`")
	path := flag.String("model", "", "network: a .sqz `file`, instead of the built-in default")
	operation := flag.String("operation", "", "mark only this `operation` of each frame, as edge bench names it")
	format := flag.String("prepare", "", "make the input from frames in this `format` instead: "+formatNames())
	rotate := flag.Int("rotate", 0, "frames to prepare are turned by so many `degrees`")
	cli.Flags("cyclebench", "Cyclebench classifies frames on one thread, between marks for who measures the cost.")
	if *frames < 1 || flag.NArg() > 0 {
		cli.Usage("cyclebench", "-frames of at least 1, and no other arguments than flags (see -help)")
	}
	n, err := load(*path)
	switch {
	case err != nil:
	case *format != "":
		err = prepare(n, *format, *rotate, *frames)
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
	e.Run() // a first time, to fill the caches
	begin := time.Now()
	for range frames {
		copy(e.Input(), picture) // which a run overwrites
		frame()
	}
	report(frames, begin)
	return nil
}

func report(frames int, begin time.Time) {
	fmt.Printf("%d frames, %.2f ms each, marked or not\n", frames, time.Since(begin).Seconds()*1e3/float64(frames))
}

func load(path string) (*model.Network, error) {
	if path == "" {
		return pretrained.Load(pretrained.Default)
	}
	return sqz.ReadFile(path)
}

// marked runs a frame, or one operation of it, between marks.
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
		return nil, fmt.Errorf("there is no operation %q; edge bench lists them", operation)
	}
	return func() {
		e.RunWatched(func(ended int) {
			switch ended {
			case at - 1:
				roi.Begin()
			case at:
				roi.End()
			}
		})
	}, nil
}
