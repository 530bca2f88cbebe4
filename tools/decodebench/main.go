//go:build linux

// Decodebench decodes a .sqz file for who measures the cost in cycles or
// memory; package marks tells which part of the run to count.
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
	times := flag.Int("times", 1, "decode it so many `times`")
	cli.Flags("decodebench", "Decodebench decodes a .sqz file, between marks for who measures the cost.")
	if *path == "" || *times < 1 {
		cli.Usage("decodebench", "-decode FILE is needed, and -times of at least 1")
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
	fmt.Printf("%d weights, %.2f ms, %d bytes allocated in %d pieces, garbage included\n",
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
