// Init is process 1 of the emulated board until its disk is mounted: it loads the kernel
// modules that the disk needs, mounts the disk and becomes the system's own init. Debian's
// initramfs does the same with a shell and udev, which takes longer under emulation.
package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

const (
	order   = "/modules/order" // the module files in load order, one a line
	disk    = "/dev/mmcblk0"   // the SD card: an ext4 file system without partitions
	newRoot = "/sysroot"
)

func main() {
	runtime.LockOSThread() // the affinity is that of a thread
	if err := run(); err != nil {
		fmt.Println("boardtest: FAIL init:", err)
		time.Sleep(time.Second) // for the console
	}
	os.Exit(1) // the kernel panics, which ends the emulation
}

func run() error {
	for _, m := range []struct{ kind, path string }{{"proc", "/proc"}, {"sysfs", "/sys"}, {"devtmpfs", "/dev"}} {
		if err := os.MkdirAll(m.path, 0o755); err != nil {
			return err
		}
		if err := unix.Mount(m.kind, m.path, m.kind, 0, ""); err != nil {
			return fmt.Errorf("mount %s: %w", m.path, err)
		}
	}
	list, err := os.ReadFile(order)
	if err != nil {
		return err
	}
	for _, path := range strings.Fields(string(list)) {
		if err := load(path); err != nil {
			return fmt.Errorf("load %s: %w", path, err)
		}
	}
	if err := mountDisk(); err != nil {
		return err
	}
	if err := useOneProcessor(); err != nil {
		return err
	}
	return unix.Exec("/sbin/init", []string{"/sbin/init"}, []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin"})
}

func load(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	return unix.FinitModule(int(file.Fd()), "", 0)
}

// mountDisk waits for the disk and makes it the root of this process.
func mountDisk() error {
	if err := os.Mkdir(newRoot, 0o755); err != nil {
		return err
	}
	for range 600 { // the card is found by another thread of the kernel
		if _, err := os.Stat(disk); err == nil {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	if err := unix.Mount(disk, newRoot, "ext4", 0, ""); err != nil {
		return fmt.Errorf("mount %s: %w", disk, err)
	}
	for _, dir := range []string{"/proc", "/sys", "/dev"} {
		if err := unix.Mount(dir, newRoot+dir, "", unix.MS_MOVE, ""); err != nil {
			return fmt.Errorf("move %s: %w", dir, err)
		}
	}
	if err := unix.Chdir(newRoot); err != nil {
		return err
	}
	if err := unix.Mount(".", "/", "", unix.MS_MOVE, ""); err != nil {
		return fmt.Errorf("move the root: %w", err)
	}
	if err := unix.Chroot("."); err != nil {
		return err
	}
	return unix.Chdir("/")
}

// useOneProcessor keeps all programs on the first processor: the emulated processors take
// turns, so that more of them are not faster.
func useOneProcessor() error {
	var set unix.CPUSet
	set.Set(0)
	return os.NewSyscallError("sched_setaffinity", unix.SchedSetaffinity(0, &set))
}
