//go:build linux

// Cyclebench classifies frames on one thread for who measures the cost in
// cycles; package marks tells which part of the run to count.
//
//	GOOS=linux GOARCH=arm64 CGO_ENABLED=0 go build ./tools/cyclebench
//	GOMAXPROCS=1 ./cyclebench -frames 5
package main

import (
	"flag"
	"fmt"
	"slices"
	"time"

	"halfmeg/cmd/edge/bench"
	"halfmeg/model"
	"halfmeg/model/pretrained"
	"halfmeg/model/sqz"
	"halfmeg/tools/fail"
	"halfmeg/tools/marks"
)

func main() {
	frames := flag.Int("frames", 1, "classify so many `frames`")
	path := flag.String("model", "", "network: a .sqz `file`, instead of the built-in default")
	operation := flag.String("operation", "", "mark only this `operation` of each frame, as edge bench names it")
	fail.Flags("cyclebench", "Cyclebench classifies frames on one thread, between marks for who measures the cost.")
	if *frames < 1 || flag.NArg() > 0 {
		fail.Usage("cyclebench", "-frames of at least 1, -model FILE.sqz and -operation NAME are all there is")
	}
	if err := run(*path, *operation, *frames); err != nil {
		fail.Exit("cyclebench", err, "interrupted")
	}
}

func run(path, operation string, frames int) error {
	n, err := load(path)
	if err != nil {
		return err
	}
	e, err := model.NewEngine(n, 1)
	if err != nil {
		return err
	}
	defer e.Close()
	frame, err := marked(e, operation)
	if err != nil {
		return err
	}
	picture := bench.Pattern(n.Input.Size)
	copy(e.Input(), picture)
	e.Run() // a first time, to fill the caches
	begin := time.Now()
	for range frames {
		copy(e.Input(), picture) // which a run overwrites
		frame()
	}
	fmt.Printf("%d frames, %.2f ms each\n", frames, time.Since(begin).Seconds()*1e3/float64(frames))
	return nil
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
			marks.Begin()
			e.Run()
			marks.End()
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
				marks.Begin()
			case at:
				marks.End()
			}
		})
	}, nil
}
