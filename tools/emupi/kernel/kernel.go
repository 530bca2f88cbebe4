// Package kernel provides a Linux kernel for the emulated board: Debian's for
// arm64, with the modules of the board's cameras. v4l2loopback is built here,
// because Debian packages only its source. Everything is kept in the user's
// cache (halfmeg/emupi), so that later runs need no network; remove that folder
// to get a newer kernel.
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
}

// Get returns the kernel in the cache, or downloads it. Progress of a download
// goes to log.
func Get(ctx context.Context, log io.Writer) (Kernel, error) {
	cache, err := cacheDir()
	if err != nil {
		return Kernel{}, err
	}
	k, err := open(cache)
	if err == nil {
		return k, nil
	}
	if err := fetch(ctx, cache, log); err != nil {
		return Kernel{}, fmt.Errorf("get a kernel for the emulated board: %w", err)
	}
	return open(cache)
}

func cacheDir() (string, error) {
	dir, err := os.UserCacheDir()
	return filepath.Join(dir, "halfmeg", "emupi"), err
}

// imagePrefix precedes the release in the file names of Debian's kernels.
const imagePrefix = "vmlinuz-"

// open finds a kernel in a folder and checks that it has all modules.
func open(dir string) (Kernel, error) {
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
	_, err = tree.Order(append([]string{loopback}, wanted...)...)
	release := strings.TrimPrefix(filepath.Base(images[0]), imagePrefix)
	return Kernel{Release: release, Image: images[0], Modules: tree}, err
}

// fetch fills the cache. It works in a temporary folder and renames it, so that
// the cache is never incomplete.
func fetch(ctx context.Context, cache string, log io.Writer) error {
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
	apt, err := debian.NewRoot(ctx, filepath.Join(work, "apt"), architecture, log)
	if err != nil {
		return err
	}
	if err := p.fill(ctx, apt); err != nil {
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
	if err := p.keepModules(); err != nil {
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

// keepModules keeps the wanted modules and their dependencies.
func (p workspace) keepModules() error {
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
