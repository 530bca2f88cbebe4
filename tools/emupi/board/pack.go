package board

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"

	"halfmeg/tools/emupi/initramfs"
	"halfmeg/tools/emupi/protocol"
)

// pack writes the board's initramfs: init, modules, files, and the plan of
// what to load and run.
func (b *Board) pack(ctx context.Context, archive string, commands []Command) (err error) {
	init, err := buildInit(ctx, archive+".init")
	if err != nil {
		return err
	}
	file, err := os.Create(archive)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	buffer := bufio.NewWriter(file)
	w := initramfs.NewWriter(buffer)
	w.CharDevice("/dev/console", 5, 1) // the init's stdout
	w.File("/init", 0o755, init)
	plan := protocol.Plan{Seconds: int(math.Ceil(b.Timeout.Seconds()))}
	if plan.Modules, err = b.packModules(w); err != nil {
		return err
	}
	for _, c := range commands {
		plan.Commands = append(plan.Commands, c.Command)
	}
	for _, f := range b.Files {
		w.File(f.Path, 0o755, f.Data)
	}
	text, err := json.Marshal(plan)
	if err != nil {
		return err
	}
	w.File(protocol.PlanPath, 0o644, text)
	return errors.Join(w.Close(), buffer.Flush())
}

// packModules adds the modules and their dependencies, and lists them in load
// order.
func (b *Board) packModules(w *initramfs.Writer) ([]protocol.Module, error) {
	var names []string
	parameters := map[string]string{}
	for _, m := range b.Modules {
		names = append(names, m.Path)
		parameters[m.Path] = m.Parameters
	}
	names, err := b.Kernel.Modules.Order(names...)
	if err != nil {
		return nil, err
	}
	var list []protocol.Module
	for _, name := range names {
		data, err := b.Kernel.Modules.Read(name)
		if err != nil {
			return nil, err
		}
		path := "/modules/" + name + ".ko"
		w.File(path, 0o644, data)
		list = append(list, protocol.Module{Path: path, Parameters: parameters[name]})
	}
	return list, nil
}

// buildInit compiles the board's init. The working directory must be in the
// module.
func buildInit(ctx context.Context, path string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", path, "halfmeg/tools/emupi/init")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=arm64")
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build the board's init: %w\n%s", err, out)
	}
	return os.ReadFile(filepath.Clean(path))
}
