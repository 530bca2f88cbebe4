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
	"time"

	"halfmeg/model"
	"halfmeg/model/pretrained"
	"halfmeg/model/sqz"
	"halfmeg/tools/fail"
	"halfmeg/tools/marks"
)

func main() {
	frames := flag.Int("frames", 1, "classify so many `frames`")
	path := flag.String("model", "", "network: a .sqz `file`, instead of the built-in default")
	format := flag.String("prepare", "", "make the input from frames in this `format` instead: "+formatNames())
	rotate := flag.Int("rotate", 0, "frames to prepare are turned by so many `degrees`")
	flag.Parse()
	if *frames < 1 || flag.NArg() > 0 {
		fail.Usage("cyclebench", "-frames of at least 1, and -model FILE.sqz, -prepare FORMAT and -rotate DEGREES if wanted, are all there is")
	}
	n, err := load(*path)
	switch {
	case err != nil:
	case *format != "":
		err = prepare(n, *format, *rotate, *frames)
	default:
		err = run(n, *frames)
	}
	if err != nil {
		fail.Exit("cyclebench", err, "interrupted")
	}
}

func run(n *model.Network, frames int) error {
	e, err := model.NewEngine(n, 1)
	if err != nil {
		return err
	}
	defer e.Close()
	picture := stripes(n.Input.Size)
	return measure(frames, func() error {
		classify(e, picture)
		return nil
	})
}

// measure runs a frame a first time, to fill the caches, then between marks.
func measure(frames int, frame func() error) error {
	if err := frame(); err != nil {
		return err
	}
	begin := time.Now()
	marks.Begin()
	for range frames {
		if err := frame(); err != nil {
			return err
		}
	}
	marks.End()
	fmt.Printf("%d frames, %.2f ms each\n", frames, time.Since(begin).Seconds()*1e3/float64(frames))
	return nil
}

func load(path string) (*model.Network, error) {
	if path == "" {
		return pretrained.Load(pretrained.Default)
	}
	return sqz.ReadFile(path)
}

// classify copies the picture each time, for the engine overwrites its input.
func classify(e *model.Engine, picture []int8) {
	copy(e.Input(), picture)
	e.Run()
}

// stripes is a picture with all byte values; its content costs nothing.
func stripes(size int) []int8 {
	picture := make([]int8, size*size*3)
	for i := range picture {
		x, y := i/3%size, i/3/size
		picture[i] = int8((x*(3+i%3) ^ y*5) & 255)
	}
	return picture
}
