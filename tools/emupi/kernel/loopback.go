package kernel

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"halfmeg/tools/emupi/debian"
)

// loopback is a driver of video devices that show what a program writes to them.
const loopback = "v4l2loopback"

// compiler builds it. Its version need not be that of the kernel's compiler.
const compiler = "aarch64-linux-gnu-gcc"

// buildLoopback builds the driver with the headers of a kernel, and keeps it.
func (p workspace) buildLoopback(ctx context.Context, apt *debian.Root, release string) error {
	headers := "linux-headers-" + release
	needed, err := headerPackages(ctx, apt, headers)
	if err != nil {
		return err
	}
	if err := apt.Unpack(ctx, p.root, append(needed, loopback+"-dkms")...); err != nil {
		return err
	}
	build := filepath.Join(p.root, "usr/src", headers)
	if err := p.relocate(filepath.Join(build, "Makefile")); err != nil {
		return err
	}
	source, err := p.loopbackSource()
	if err != nil {
		return err
	}
	if err := p.make(ctx, build, source); err != nil {
		return err
	}
	file := loopback + ".ko"
	return os.Rename(filepath.Join(source, file), filepath.Join(p.keep, file))
}

// headerPackages lists the packages to build a module: the headers of the
// kernel, those common to all architectures, and the programs of kbuild, which
// run on the host.
func headerPackages(ctx context.Context, apt *debian.Root, headers string) ([]string, error) {
	list, err := apt.Depends(ctx, headers)
	if err != nil {
		return nil, err
	}
	needed := []string{headers}
	for _, name := range list {
		switch {
		case strings.HasPrefix(name, "linux-headers-"):
			needed = append(needed, name)
		case strings.HasPrefix(name, "linux-kbuild-"):
			needed = append(needed, apt.ForHost(name))
		}
	}
	return needed, nil
}

// relocate makes a makefile include others from the folder of unpacked packages.
func (p workspace) relocate(makefile string) error {
	text, err := os.ReadFile(makefile)
	if err != nil {
		return err
	}
	moved := strings.ReplaceAll(string(text), "include /usr/", "include "+filepath.Join(p.root, "usr")+"/")
	return os.WriteFile(makefile, []byte(moved), 0o644)
}

// loopbackSource finds the source of the driver and writes a Kbuild file for it.
func (p workspace) loopbackSource() (string, error) {
	found, err := filepath.Glob(filepath.Join(p.root, "usr/src", loopback+"-*"))
	if err != nil {
		return "", err
	}
	if len(found) != 1 {
		return "", fmt.Errorf("found %d versions of %s, expected 1", len(found), loopback)
	}
	// kbuild prefers this file to the driver's own Makefile.
	kbuild := filepath.Join(found[0], "Kbuild")
	return found[0], os.WriteFile(kbuild, []byte("obj-m := "+loopback+".o\n"), 0o644)
}

func (p workspace) make(ctx context.Context, build, source string) error {
	fmt.Fprintln(p.log, "building", loopback)
	cmd := exec.CommandContext(ctx, "make", "-C", build, "M="+source, "ARCH="+architecture,
		"CROSS_COMPILE="+strings.TrimSuffix(compiler, "gcc"), "CC="+compiler, "modules")
	cmd.Stdout, cmd.Stderr = p.log, p.log
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("build %s: %w", loopback, err)
	}
	return nil
}
