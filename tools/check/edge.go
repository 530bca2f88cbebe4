package main

import (
	"debug/elf"
	"fmt"
	"os"
)

// edgeLimit bounds the size of the program for the Raspberry Pi, in bytes.
const edgeLimit = 13_000_000

// edgeName is its file in binDir.
const edgeName = "edge-linux-arm64"

// edge cross-compiles cmd/edge for the Raspberry Pi and checks that the
// program is small and static.
func edge(r *report) { r.result("edge", buildEdge()) }

func buildEdge() error {
	path, err := inBinDir(edgeName)
	if err != nil {
		return err
	}
	err = command(arm64Env(), "go", "build", "-trimpath", "-ldflags=-s -w", "-o", path, "./cmd/edge").Run()
	if err != nil {
		return err
	}
	if err := requireStatic(path); err != nil {
		return err
	}
	return requireSmall(path)
}

// requireStatic rejects a program that needs a dynamic loader or library.
func requireStatic(path string) error {
	file, err := elf.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	for _, p := range file.Progs {
		if p.Type == elf.PT_INTERP || p.Type == elf.PT_DYNAMIC {
			return fmt.Errorf("%s is not static: it has a %v segment", path, p.Type)
		}
	}
	return nil
}

func requireSmall(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	fmt.Printf("%s: %d bytes, static\n", path, info.Size())
	if info.Size() >= edgeLimit {
		return fmt.Errorf("%s has %d bytes; the limit is %d", path, info.Size(), edgeLimit)
	}
	return nil
}
