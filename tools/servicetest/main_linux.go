// Servicetest boots Debian with systemd in a container (systemd-nspawn), installs the Debian
// package of halfmeg and checks the service: start, status, watchdog, secrets, update,
// removal, "edge install", and power cuts at random moments.
//
//	sudo make service-test
//	sudo go run ./tools/servicetest -cuts 0
//
// The system is on a separate disk, an ext4 file system in a file. A power cut is the
// ioctl FS_IOC_SHUTDOWN, with which the kernel's tests of file systems simulate it: nothing
// that is not on the disk yet gets there. The container uses the kernel of the host, and
// sees no camera unless that has the module vivid.
//
// It needs root, debootstrap, dpkg-deb, mke2fs and systemd-nspawn, and takes about ten
// minutes. The first run downloads 60 MB into the cache (halfmeg/servicetest); remove that
// folder to get newer packages.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"halfmeg/tools/internal/cli"
)

const about = `Servicetest checks the Debian package and the service in a container: servicetest [flags].`

// work is the folder of the system, the packages and the disk, in the user's cache: go would
// search a folder of the project for packages.
var work = func() string {
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	return filepath.Join(cache, "halfmeg", "servicetest")
}()

// included are the Debian packages of the system, beyond the smallest set.
const included = "systemd-sysv,udev,dbus,kmod,init-system-helpers,procps"

func main() {
	cuts := flag.Int("cuts", 20, "cut the power this `number` of times")
	timeout := flag.Duration("timeout", 20*time.Minute, "fail if the checks of a boot take longer than this `time`")
	checks := flag.Bool("package", true, "check the package before the power cuts")
	reuse := flag.Bool("reuse", false, "use the system and packages of the last run")
	cli.Flags("servicetest", about)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	t := test{ctx: ctx, timeout: *timeout}
	var err error
	if !*reuse {
		err = t.prepare()
	}
	if err == nil && *checks {
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
	if _, err := os.Stat(filepath.Join(root, "servicetest")); err != nil {
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
		if err := t.run("go", "run", "./tools/release", "-arch", runtime.GOARCH, "-version", version, "-out", work, "deb"); err != nil {
			return err
		}
		built := filepath.Join(work, "halfmeg_"+version+"_"+runtime.GOARCH+".deb")
		if err := os.Rename(built, filepath.Join(inside, name)); err != nil {
			return err
		}
	}
	if err := t.run("env", "CGO_ENABLED=0", "go", "build", "-o", filepath.Join(inside, "edge"), "./cmd/edge"); err != nil {
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

// Paths of a boot.
var (
	diskFile = filepath.Join(work, "disk.ext4")
	mounted  = filepath.Join(work, "mounted")
	results  = filepath.Join(work, "results") // the container's /results
)

// newDisk writes a disk with the system.
func (t *test) newDisk() error {
	if err := os.Remove(diskFile); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return t.run("mke2fs", "-q", "-t", "ext4", "-d", t.root(), diskFile, "2G")
}

// checkPackage runs the checks of the package.
func (t *test) checkPackage() error {
	if err := t.newDisk(); err != nil {
		return err
	}
	return t.boot("package", neverCut)
}

// cutPower boots a system that records, and cuts its power at random moments: while it
// boots, starts the service or records.
func (t *test) cutPower(cuts int) error {
	if err := t.newDisk(); err != nil {
		return err
	}
	if err := t.boot("prepare", neverCut); err != nil {
		return err
	}
	for n := range cuts {
		// Every second cut is while the system boots, the others while it records.
		moment := cut{recording: n%2 == 0, after: rand.N(15 * time.Second)}
		if err := t.boot("power", moment); err != nil {
			return err
		}
		fmt.Printf("servicetest: power cut %d of %d\n", n+1, cuts)
	}
	return t.boot("power", cut{recording: true}) // the last checks
}

// cut is the moment of a power cut.
type cut struct {
	never     bool
	recording bool          // after the checks, else after the start
	after     time.Duration // how long after
}

var neverCut = cut{never: true}

// doneLine is the last line of check.sh.
const doneLine = "done"

// boot mounts the disk and boots it, for a phase of check.sh, until the system powers
// itself off or its power is cut.
func (t *test) boot(phase string, c cut) (err error) {
	if err := errors.Join(os.RemoveAll(results), os.MkdirAll(results, 0o755), os.MkdirAll(mounted, 0o755)); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(results, "phase"), []byte(phase+"\n"), 0o644); err != nil {
		return err
	}
	if err := t.run("mount", "-o", "loop", diskFile, mounted); err != nil {
		return err
	}
	// Not with t.ctx, so that an interrupted test unmounts the disk, too.
	defer func() { err = errors.Join(err, exec.Command("umount", mounted).Run()) }()
	nspawn := exec.Command("systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--console=pipe",
		"--directory="+mounted, "--bind="+results+":/results", "--boot", "systemd.show_status=no")
	if err := nspawn.Start(); err != nil {
		return err
	}
	ended := make(chan struct{})
	go func() {
		_ = nspawn.Wait() // the checks show whether it worked
		close(ended)
	}()
	err = t.follow(ended, c)
	return errors.Join(err, kill(nspawn.Process, ended))
}

// kill kills a container that still runs: process 1 of it, and with that all others. They
// would keep the file system mounted.
func kill(nspawn *os.Process, ended <-chan struct{}) error {
	list, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", nspawn.Pid))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	for _, word := range strings.Fields(string(list)) {
		pid, err := strconv.Atoi(word)
		if err != nil {
			return err
		}
		_ = unix.Kill(pid, unix.SIGKILL) // it may have ended
	}
	<-ended // systemd-nspawn waits for process 1
	return err
}

// follow prints the results until the container ends or the moment of the cut.
func (t *test) follow(ended <-chan struct{}, c cut) error {
	deadline := time.After(t.timeout)
	var cutNow <-chan time.Time
	if !c.never && !c.recording {
		cutNow = time.After(c.after)
	}
	ticker := time.NewTicker(200 * time.Millisecond)
	defer ticker.Stop()
	read, done := 0, false
	for {
		exited := false
		select {
		case <-t.ctx.Done():
			return t.ctx.Err()
		case <-deadline:
			return fmt.Errorf("the checks took longer than %v", t.timeout)
		case <-cutNow:
			return shutdown(mounted)
		case <-ended:
			exited = true
		case <-ticker.C:
		}
		lines := t.newLines(&read)
		if !done && slices.Contains(lines, doneLine) {
			done = true
			if c.recording {
				cutNow = time.After(c.after)
			}
		}
		switch {
		case exited && !done:
			return errors.New("the system ended before its checks")
		case exited:
			return nil
		}
	}
}

// prefix begins the lines of check.sh.
const prefix = "servicetest: "

// newLines prints the lines that check.sh has written since the last call, counts failures,
// and returns the lines without their prefix.
func (t *test) newLines(read *int) []string {
	text, err := os.ReadFile(filepath.Join(results, "log"))
	if err != nil {
		return nil // it has not started yet
	}
	end := bytes.LastIndexByte(text, '\n') + 1
	var lines []string
	for line := range strings.Lines(string(text[*read:end])) {
		line, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), prefix)
		if !ok {
			continue
		}
		fmt.Println(prefix + line)
		if strings.HasPrefix(line, "FAIL") {
			t.failures++
		}
		lines = append(lines, line)
	}
	*read = end
	return lines
}

// shutdown makes a file system fail from now on, without writing anything more to its disk.
func shutdown(dir string) error {
	const (
		fsIOCShutdown = 0x8004587d // FS_IOC_SHUTDOWN, of the kernel's fs/ext4/ext4.h
		noLogFlush    = 2          // EXT4_GOING_FLAGS_NOLOGFLUSH
	)
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	return unix.IoctlSetPointerInt(int(f.Fd()), fsIOCShutdown, noLogFlush)
}
