//go:build linux

// Decodebench decodes a .sqz file, to measure the cost of decoding in cycles,
// time or memory. Package roi marks the decoding for cycle counters.
//
//	GOOS=linux GOARCH=arm64 CGO_ENABLED=0 go build ./tools/decodebench
//	GOMAXPROCS=1 ./decodebench -decode model/pretrained/squeezenet1.1.sqz
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"time"

	"halfmeg/model"
	"halfmeg/model/sqz"
	"halfmeg/tools/internal/cli"
	"halfmeg/tools/internal/roi"
)

func main() {
	path := flag.String("decode", "", ".sqz `file` to decode")
	times := flag.Int("times", 1, "decode it this `number` of times")
	cli.Flags("decodebench", `Decodebench decodes a .sqz file and prints the time and the memory per decoding.
An emulator that counts cycles finds the decoding between the marks of package roi.

  GOOS=linux GOARCH=arm64 CGO_ENABLED=0 go build ./tools/decodebench
  GOMAXPROCS=1 ./decodebench -decode model/pretrained/squeezenet1.1.sqz
`)
	if *path == "" || *times < 1 {
		cli.Usage("decodebench", "-decode FILE.sqz is required, and -times must be at least 1 (-help lists the flags)")
	}
	if err := run(*path, *times); err != nil {
		cli.Exit("decodebench", err, "interrupted")
	}
}

func run(path string, times int) error {
	file, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var n *model.Network
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	begin := time.Now()
	roi.Begin()
	for range times {
		if n, err = sqz.Decode(file); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	roi.End()
	elapsed := time.Since(begin)
	runtime.ReadMemStats(&after)
	fmt.Printf("%d weights, %.2f ms, %d bytes in %d allocations, garbage included\n",
		weights(n), elapsed.Seconds()*1e3/float64(times),
		(after.TotalAlloc-before.TotalAlloc)/uint64(times), (after.Mallocs-before.Mallocs)/uint64(times))
	return nil
}

func weights(n *model.Network) (sum int) {
	for _, l := range n.Layers {
		sum += len(l.Weights)
	}
	return sum
}
