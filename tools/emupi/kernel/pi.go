package kernel

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"halfmeg/tools/emupi/debian"
)

// piModules are the modules that are kept for the Raspberry Pi 3, with their
// dependencies. The cache is filled again when one is added. bcm2835 is the controller of
// the SD card.
var piModules = []string{"vivid", "i2c_bcm2835", "i2c_dev", "gpio_sim", "bcm2835_wdt", "bcm2835", "ext4"}

// piDeviceTree describes the board to the kernel.
const piDeviceTree = "bcm2837-rpi-3-b.dtb"

// The suites with the kernel, and with a QEMU for Debian 12. Later releases of
// Debian have a QEMU that is new enough.
const (
	piKernelSuite   = "trixie-backports"
	piEmulatorSuite = "bookworm-backports"
)

// piEmulatorVersion is the oldest version of QEMU that is known to emulate the
// I2C controller of the Raspberry Pi 3.
const piEmulatorVersion = 10

// GetPi returns a kernel for the Raspberry Pi 3 from the cache, or downloads
// it. Progress of a download goes to log.
func GetPi(ctx context.Context, log io.Writer) (Kernel, error) {
	return get("emupi-pi3", log, openPi, func(p workspace, dir string) error {
		apt, err := debian.NewRoot(ctx, filepath.Join(dir, "kernel"), architecture, log, piKernelSuite)
		if err != nil {
			return err
		}
		if err := p.fillPi(ctx, apt); err != nil {
			return err
		}
		if isNewEmulator(Emulator) {
			return nil
		}
		if apt, err = debian.NewRoot(ctx, filepath.Join(dir, "emulator"), architecture, log, piEmulatorSuite); err != nil {
			return err
		}
		return p.keepEmulator(ctx, apt)
	})
}

// openPi finds a kernel for the Raspberry Pi 3, and a QEMU.
func openPi(dir string) (Kernel, error) {
	k, err := openWith(dir, piModules)
	if err != nil {
		return k, err
	}
	k.DeviceTree = filepath.Join(dir, piDeviceTree)
	if _, err := os.Stat(k.DeviceTree); err != nil {
		return k, err
	}
	kept := filepath.Join(dir, Emulator)
	for _, name := range []string{Emulator, kept} {
		if isNewEmulator(name) {
			k.Emulator = name
			return k, nil
		}
	}
	return k, fmt.Errorf("%s is older than version %d, and %s does not run", Emulator, piEmulatorVersion, kept)
}

// isNewEmulator reports whether a QEMU runs and emulates the board.
func isNewEmulator(program string) bool {
	out, err := exec.Command(program, "--version").Output()
	return err == nil && emulatorVersion(string(out)) >= piEmulatorVersion
}

// emulatorVersion returns the major version in the output of QEMU's --version,
// 0 if it has none.
func emulatorVersion(text string) int {
	var major int
	_, version, _ := strings.Cut(text, "version ")
	_, _ = fmt.Sscanf(version, "%d.", &major) // 0 if it fails
	return major
}

// fillPi keeps kernel, device tree and modules. The packages that have them
// are named after the release.
func (p workspace) fillPi(ctx context.Context, apt *debian.Root) error {
	release, err := newest(ctx, apt)
	if err != nil {
		return err
	}
	if err := apt.Unpack(ctx, p.root, "linux-binary-"+release, "linux-base-"+release, "linux-modules-"+release); err != nil {
		return err
	}
	dir := filepath.Join(p.root, "usr/lib/modules", release)
	for from, to := range map[string]string{
		"vmlinuz":                      imagePrefix + release,
		"dtb/broadcom/" + piDeviceTree: piDeviceTree,
	} {
		if err := os.Rename(filepath.Join(dir, from), filepath.Join(p.keep, to)); err != nil {
			return err
		}
	}
	return p.keepModules(piModules)
}

// keepEmulator keeps QEMU. Its libraries are those of the host's older QEMU.
func (p workspace) keepEmulator(ctx context.Context, apt *debian.Root) error {
	if err := apt.Unpack(ctx, p.root, apt.ForHost("qemu-system-arm")); err != nil {
		return err
	}
	kept := filepath.Join(p.keep, Emulator)
	if err := os.Rename(filepath.Join(p.root, "usr/bin", Emulator), kept); err != nil {
		return err
	}
	if !isNewEmulator(kept) {
		return fmt.Errorf("%s of %s does not run here, or is older than version %d", Emulator, piEmulatorSuite, piEmulatorVersion)
	}
	return nil
}
