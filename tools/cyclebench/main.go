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
	flag.Parse()
	if *frames < 1 || flag.NArg() > 0 {
		fail.Usage("cyclebench", "-frames of at least 1, and -model FILE.sqz if wanted, are all there is")
	}
	if err := run(*path, *frames); err != nil {
		fail.Exit("cyclebench", err, "interrupted")
	}
}

func run(path string, frames int) error {
	n, err := load(path)
	if err != nil {
		return err
	}
	e, err := model.NewEngine(n, 1)
	if err != nil {
		return err
	}
	defer e.Close()
	picture := stripes(n.Input.Size)
	classify(e, picture) // a first time, to fill the caches
	begin := time.Now()
	marks.Begin()
	for range frames {
		classify(e, picture)
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
