// Package kernel provides Linux kernels for the emulated boards: Debian's for
// arm64, with the modules that the boards load.
//
// Get returns the kernel of the host's Debian for the machine "virt".
// v4l2loopback is built here, because Debian packages only its source. GetPi
// returns the newest kernel of Debian's backports for the Raspberry Pi 3,
// because older ones have no gpio-sim, and a QEMU that emulates its I2C
// controller.
//
// Everything is kept in the user's cache (halfmeg/emupi and halfmeg/emupi-pi3),
// so that later runs need no network; remove a folder to get a newer kernel.
package kernel

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"halfmeg/tools/emupi/debian"
	"halfmeg/tools/emupi/modules"
)

// architecture is Debian's name for that of the board.
const architecture = "arm64"

// wanted are the modules that are kept, with their dependencies.
var wanted = []string{"vivid", "videodev"}

// Tools are the programs that Get runs.
func Tools() []string {
	return append([]string{"make", compiler, "xz"}, debian.Tools...)
}

// Kernel is a kernel with modules.
type Kernel struct {
	Release string // as of "uname -r"
	Image   string // file
	Modules modules.Tree

	DeviceTree string // file; empty for the machine "virt", which describes itself
	Emulator   string // program that emulates the machine
}

// Emulator is the program of QEMU. The host's is used unless it is too old.
const Emulator = "qemu-system-aarch64"

// Get returns the kernel for the machine "virt" from the cache, or downloads
// it. Progress of a download goes to log.
func Get(ctx context.Context, log io.Writer) (Kernel, error) {
	return get("emupi", log, open, func(p workspace, dir string) error {
		apt, err := debian.NewRoot(ctx, dir, architecture, log)
		if err != nil {
			return err
		}
		return p.fill(ctx, apt)
	})
}

// get returns the kernel in a folder of the cache, after filling the folder if
// open does not find one. fill also gets an empty folder for apt.
func get(name string, log io.Writer, open func(string) (Kernel, error), fill func(p workspace, apt string) error) (Kernel, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return Kernel{}, err
	}
	cache := filepath.Join(dir, "halfmeg", name)
	k, err := open(cache)
	if err == nil {
		return k, nil
	}
	if err := fetch(cache, log, fill); err != nil {
		return Kernel{}, fmt.Errorf("get a kernel for the emulated board: %w", err)
	}
	return open(cache)
}

// imagePrefix precedes the release in the file names of Debian's kernels.
const imagePrefix = "vmlinuz-"

// open finds a kernel for the machine "virt".
func open(dir string) (Kernel, error) {
	return openWith(dir, append([]string{loopback}, wanted...))
}

// openWith finds a kernel in a folder and checks that it has all modules.
func openWith(dir string, needed []string) (Kernel, error) {
	images, err := filepath.Glob(filepath.Join(dir, imagePrefix+"*"))
	if err != nil {
		return Kernel{}, err
	}
	if len(images) != 1 {
		return Kernel{}, fmt.Errorf("%s holds %d kernels, expected 1", dir, len(images))
	}
	tree, err := modules.Open(dir)
	if err != nil {
		return Kernel{}, err
	}
	_, err = tree.Order(needed...)
	release := strings.TrimPrefix(filepath.Base(images[0]), imagePrefix)
	return Kernel{Release: release, Image: images[0], Modules: tree, Emulator: Emulator}, err
}

// fetch fills the cache. It works in a temporary folder and renames it, so that
// the cache is never incomplete.
func fetch(cache string, log io.Writer, fill func(p workspace, apt string) error) error {
	if err := os.MkdirAll(filepath.Dir(cache), 0o755); err != nil {
		return err
	}
	work, err := os.MkdirTemp(filepath.Dir(cache), "emupi-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(work) }()
	p := workspace{root: filepath.Join(work, "root"), keep: filepath.Join(work, "keep"), log: log}
	if err := os.Mkdir(p.keep, 0o755); err != nil {
		return err
	}
	if err := fill(p, filepath.Join(work, "apt")); err != nil {
		return err
	}
	fmt.Fprintln(log, "keeping the kernel in", cache)
	return errors.Join(os.RemoveAll(cache), os.Rename(p.keep, cache))
}

// workspace has two folders: packages are unpacked in root, and the files to
// cache are moved to keep.
type workspace struct {
	root, keep string
	log        io.Writer
}

func (p workspace) fill(ctx context.Context, apt *debian.Root) error {
	release, err := newest(ctx, apt)
	if err != nil {
		return err
	}
	if err := apt.Unpack(ctx, p.root, "linux-image-"+release); err != nil {
		return err
	}
	image := imagePrefix + release
	if err := os.Rename(filepath.Join(p.root, "boot", image), filepath.Join(p.keep, image)); err != nil {
		return err
	}
	if err := p.keepModules(wanted); err != nil {
		return err
	}
	return p.buildLoopback(ctx, apt, release)
}

// newest returns the release of the kernel that the package linux-image-arm64
// depends on.
func newest(ctx context.Context, apt *debian.Root) (string, error) {
	const name, prefix = "linux-image-" + architecture, "linux-image-"
	list, err := apt.Depends(ctx, name)
	if err != nil {
		return "", err
	}
	for _, p := range list {
		if release, ok := strings.CutPrefix(p, prefix); ok {
			return release, nil
		}
	}
	return "", fmt.Errorf("package %s depends on no kernel", name)
}

// keepModules keeps modules and their dependencies.
func (p workspace) keepModules(wanted []string) error {
	tree, err := modules.Open(p.root)
	if err != nil {
		return err
	}
	names, err := tree.Order(wanted...)
	if err != nil {
		return err
	}
	for _, name := range names {
		data, err := tree.Read(name)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(p.keep, name+".ko"), data, 0o644); err != nil {
			return err
		}
	}
	return nil
}
