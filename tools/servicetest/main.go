// Servicetest boots Debian with systemd on an emulated PC, installs the Debian package of
// halfmeg and checks the service: start, status, sandbox with a camera, watchdog, secrets,
// update, removal, "edge install", and power cuts at random moments.
//
//	sudo make service-test
//	sudo go run ./tools/servicetest -cuts 0 package
//
// It needs root, debootstrap, dpkg-deb, mke2fs and qemu-system-x86_64. Without KVM it takes
// about a minute for each boot. The first run downloads 150 MB into build/servicetest; remove
// that folder to get newer packages.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"time"

	"halfmeg/tools/internal/cli"
)

const about = `Servicetest checks the Debian package and the service on an emulated PC: servicetest [flags].`

// work is the folder of the system, the packages and the disk.
const work = "build/servicetest"

// included are the Debian packages of the system, beyond the smallest set.
const included = "systemd-sysv,udev,dbus,kmod,init-system-helpers,procps,zstd,linux-image-amd64,initramfs-tools"

func main() {
	cuts := flag.Int("cuts", 20, "cut the power this `number` of times")
	timeout := flag.Duration("timeout", 20*time.Minute, "stop a boot after this `time`")
	cli.Flags("servicetest", about)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	t := test{ctx: ctx, timeout: *timeout}
	err := t.prepare()
	if err == nil {
		err = t.checkPackage()
	}
	if err == nil && *cuts > 0 {
		err = t.cutPower(*cuts)
	}
	if err == nil && t.failures > 0 {
		err = fmt.Errorf("%d checks failed", t.failures)
	}
	if err != nil {
		cli.Exit("servicetest", err, "interrupted")
	}
	fmt.Println("servicetest: everything works")
}

// test is a run of the checks.
type test struct {
	ctx      context.Context
	timeout  time.Duration // of a boot
	failures int
}

// prepare builds the packages and the system.
func (t *test) prepare() error {
	if os.Geteuid() != 0 {
		return errors.New("only root can create the files of a system: sudo make service-test")
	}
	root := t.root()
	if _, err := os.Stat(filepath.Join(root, "initrd.img")); err != nil {
		if err := os.RemoveAll(root); err != nil {
			return err
		}
		if err := t.run("debootstrap", "--variant=minbase", "--include="+included, "bookworm", root); err != nil {
			return err
		}
	}
	inside := filepath.Join(root, "servicetest")
	if err := os.RemoveAll(inside); err != nil {
		return err
	}
	if err := os.MkdirAll(inside, 0o755); err != nil {
		return err
	}
	for version, name := range map[string]string{"1.0": "old.deb", "1.1": "new.deb"} {
		if err := t.run("go", "run", "./tools/release", "-arch", "amd64", "-version", version, "-out", work, "deb"); err != nil {
			return err
		}
		built := filepath.Join(work, "halfmeg_"+version+"_amd64.deb")
		if err := os.Rename(built, filepath.Join(inside, name)); err != nil {
			return err
		}
	}
	if err := t.run("env", "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64", "go", "build", "-o", filepath.Join(inside, "edge"), "./cmd/edge"); err != nil {
		return err
	}
	for _, f := range []struct{ from, to string }{
		{"tools/servicetest/check.sh", filepath.Join(inside, "check.sh")},
		{"tools/servicetest/servicetest.service", filepath.Join(root, "etc/systemd/system/servicetest.service")},
	} {
		data, err := os.ReadFile(f.from)
		if err != nil {
			return err
		}
		if err := os.WriteFile(f.to, data, 0o755); err != nil {
			return err
		}
	}
	return t.run("systemctl", "--root="+root, "enable", "servicetest.service")
}

func (t *test) root() string { return filepath.Join(work, "root") }

func (t *test) run(name string, args ...string) error {
	fmt.Println("$", name, strings.Join(args, " "))
	cmd := exec.CommandContext(t.ctx, name, args...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// newDisk writes a disk with the system, which then runs a phase of check.sh.
func (t *test) newDisk(phase string) (string, error) {
	root := t.root()
	if err := os.WriteFile(filepath.Join(root, "servicetest", "phase"), []byte(phase+"\n"), 0o644); err != nil {
		return "", err
	}
	disk := filepath.Join(work, "disk.ext4")
	if err := os.Remove(disk); err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	return disk, t.run("mke2fs", "-q", "-t", "ext4", "-d", root, disk, "3G")
}

// checkPackage runs the checks of the package.
func (t *test) checkPackage() error {
	disk, err := t.newDisk("package")
	if err != nil {
		return err
	}
	return t.boot(disk, nil)
}

// cutPower boots a system that records, and cuts its power at random moments: while it
// boots, starts the service or records.
func (t *test) cutPower(cuts int) error {
	disk, err := t.newDisk("prepare")
	if err != nil {
		return err
	}
	if err := t.boot(disk, nil); err != nil {
		return err
	}
	for cut := 1; cut <= cuts; cut++ {
		ctx, cancel := context.WithCancel(t.ctx)
		// Every second cut is while the system boots, the others while it records.
		boots := cut%2 == 0
		if boots {
			time.AfterFunc(time.Duration(rand.Int64N(int64(bootTime))), cancel)
		}
		err := t.bootUntil(ctx, disk, func(line string) {
			if !boots && strings.Contains(line, "done") {
				time.AfterFunc(time.Duration(rand.Int64N(int64(20*time.Second))), cancel)
			}
		})
		cut := ctx.Err() != nil
		cancel()
		if t.ctx.Err() != nil {
			return t.ctx.Err()
		}
		if err != nil && !cut {
			return err
		}
		fmt.Printf("servicetest: power cut, %s\n", map[bool]string{true: "while it booted", false: "while it recorded"}[boots])
	}
	ctx, cancel := context.WithCancel(t.ctx)
	defer cancel()
	done := false
	err = t.bootUntil(ctx, disk, func(line string) {
		if strings.Contains(line, "done") {
			done = true
			cancel()
		}
	})
	if done {
		return nil
	}
	return err
}

// bootTime is about the time of a boot without KVM.
const bootTime = time.Minute

// boot boots a disk until the system powers itself off.
func (t *test) boot(disk string, seen func(string)) error {
	done := false
	err := t.bootUntil(t.ctx, disk, func(line string) {
		done = done || strings.Contains(line, "done")
		if seen != nil {
			seen(line)
		}
	})
	if err == nil && !done {
		err = errors.New("the system ended before its checks")
	}
	return err
}

// bootUntil boots a disk until the system powers itself off or the context ends, which cuts
// its power. It calls seen for each line of the checks.
func (t *test) bootUntil(ctx context.Context, disk string, seen func(line string)) error {
	ctx, cancel := context.WithTimeout(ctx, t.timeout)
	defer cancel()
	root := t.root()
	cmd := exec.CommandContext(ctx, "qemu-system-x86_64",
		"-machine", "q35,accel=kvm:tcg", "-cpu", "max", "-smp", "2", "-m", "1024",
		"-nodefaults", "-no-reboot", "-display", "none", "-serial", "stdio",
		"-drive", "file="+disk+",format=raw,if=virtio",
		"-kernel", filepath.Join(root, "vmlinuz"), "-initrd", filepath.Join(root, "initrd.img"),
		"-append", "root=/dev/vda rw console=ttyS0 quiet panic=-1 systemd.show_status=no")
	cmd.Stderr = os.Stderr
	console, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	t.read(console, seen)
	err = cmd.Wait()
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fmt.Errorf("a boot took longer than %v", t.timeout)
	}
	return err
}

// prefix begins the lines of check.sh.
const prefix = "servicetest: "

// read prints and counts the results of the checks on the console.
func (t *test) read(console io.Reader, seen func(string)) {
	lines := bufio.NewScanner(console)
	for lines.Scan() {
		_, line, ok := strings.Cut(strings.TrimRight(lines.Text(), "\r"), prefix)
		if !ok {
			continue
		}
		fmt.Println(prefix + line)
		if strings.HasPrefix(line, "FAIL") {
			t.failures++
		}
		seen(line)
	}
}
