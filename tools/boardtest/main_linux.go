// Boardtest boots Debian for arm64 with systemd on an emulated Raspberry Pi 3 (QEMU),
// installs the Debian package of halfmeg and checks its service with real drivers of a
// camera (vivid), I2C (i2c-bcm2835, with a display controller that acknowledges) and GPIO
// (gpio-sim): the sandbox, the watchdog, the journal, and power cuts at random moments.
//
//	sudo make service-test-arm64
//	sudo go run ./tools/boardtest -cuts 3
//
// The system is on an emulated SD card. A power cut kills QEMU: what the board's kernel has
// not written to the card is lost. A card that loses or damages what it has acknowledged
// is not emulated. The board's clock counts instructions and skips idle time, so that no
// timeout depends on how busy the host is. Each boot's console is kept in the cache.
//
// It needs root and the network. The first run downloads 200 MB into the cache
// (halfmeg/boardtest and halfmeg/emupi-pi3); remove these folders to get newer packages.
package main

import (
	"bufio"
	"bytes"
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

	"halfmeg/tools/emupi/board"
	"halfmeg/tools/emupi/initramfs"
	"halfmeg/tools/emupi/kernel"
	"halfmeg/tools/internal/cli"
)

const about = `Boardtest checks the Debian package and its service on an emulated Raspberry Pi 3: boardtest [flags].`

const (
	suite   = "trixie" // of Debian; "make service-test" uses the one before it
	mirror  = "http://deb.debian.org/debian"
	keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"
	// included are the Debian packages of the system: the essential ones that it needs, and
	// systemd.
	included = "base-files,base-passwd,bash,coreutils,dash,debianutils,diffutils,dpkg,findutils,grep,gzip,hostname," +
		"libc-bin,ncurses-base,perl-base,sed,tar,util-linux," +
		"systemd-sysv,udev,dbus,kmod,init-system-helpers,procps"
	// cardSize is a power of two, as QEMU demands of SD cards.
	cardSize = "2G"
)

// diskModules are the kernel modules that the root file system needs, and the watchdog,
// which also resets the board after a panic.
var diskModules = []string{"bcm2835_wdt", "bcm2835", "ext4"}

func main() {
	cuts := flag.Int("cuts", 20, "cut the power this `number` of times")
	timeout := flag.Duration("timeout", 30*time.Minute, "fail if a boot with its checks takes longer than this `time`")
	checks := flag.Bool("service", true, "check the service before the power cuts")
	reuse := flag.Bool("reuse", false, "use the card that the last run has installed")
	cli.Flags("boardtest", about)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	t := test{ctx: ctx, timeout: *timeout}
	err := t.prepare()
	if err == nil && !*reuse {
		err = t.install()
	}
	if err == nil && *checks {
		err = t.checkService()
	}
	if err == nil {
		err = t.cutPower(*cuts)
	}
	if err == nil && t.failures > 0 {
		err = fmt.Errorf("%d checks failed", t.failures)
	}
	if err != nil {
		cli.Exit("boardtest", err, "interrupted")
	}
	fmt.Println("boardtest: everything works")
}

// test is a run of the checks.
type test struct {
	ctx      context.Context
	timeout  time.Duration // of a boot
	dir      string        // in the user's cache
	kernel   kernel.Kernel
	failures int
}

func (t *test) path(name string) string { return filepath.Join(t.dir, name) }

// prepare gets the kernel and writes the initramfs.
func (t *test) prepare() error {
	if os.Geteuid() != 0 {
		return errors.New("only root can create the files of a system: sudo make service-test-arm64")
	}
	for _, need := range []struct{ program, pkg string }{
		{"mmdebstrap", "mmdebstrap"}, {"mke2fs", "e2fsprogs"}, {"e2fsck", "e2fsprogs"}, {"dpkg-deb", "dpkg"},
	} {
		if _, err := exec.LookPath(need.program); err != nil {
			return fmt.Errorf("needs the program %s: apt install %s", need.program, need.pkg)
		}
	}
	if missing := board.Missing(); len(missing) > 0 {
		return fmt.Errorf("needs %s; make deps installs them", strings.Join(missing, ", "))
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return err
	}
	t.dir = filepath.Join(cache, "halfmeg", "boardtest")
	if err := os.MkdirAll(t.dir, 0o755); err != nil {
		return err
	}
	if t.kernel, err = kernel.GetPi(t.ctx, os.Stderr); err != nil {
		return err
	}
	return t.writeInitramfs()
}

// writeInitramfs packs the init of this test and the modules of the disk.
func (t *test) writeInitramfs() (err error) {
	program := t.path("init")
	if err := t.run("env", "CGO_ENABLED=0", "GOOS=linux", "GOARCH=arm64",
		"go", "build", "-trimpath", "-ldflags=-s -w", "-o", program, "halfmeg/tools/boardtest/init"); err != nil {
		return err
	}
	data, err := os.ReadFile(program)
	if err != nil {
		return err
	}
	file, err := os.Create(t.path("initramfs"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	buffer := bufio.NewWriter(file)
	w := initramfs.NewWriter(buffer)
	w.CharDevice("/dev/console", 5, 1)
	w.File("/init", 0o755, data)
	names, err := t.kernel.Modules.Order(diskModules...)
	if err != nil {
		return err
	}
	var order strings.Builder
	for _, name := range names {
		module, err := t.kernel.Modules.Read(name)
		if err != nil {
			return err
		}
		path := "/modules/" + name + ".ko"
		w.File(path, 0o644, module)
		fmt.Fprintln(&order, path)
	}
	w.File("/modules/order", 0o644, []byte(order.String()))
	return errors.Join(w.Close(), buffer.Flush())
}

// install writes a card with Debian, and boots it to install the package.
func (t *test) install() error {
	root := t.path("root")
	if _, err := os.Stat(root); err != nil {
		if err := t.debian(root); err != nil {
			return err
		}
	}
	if err := t.configure(root); err != nil {
		return err
	}
	if err := os.RemoveAll(t.path("card")); err != nil {
		return err
	}
	if err := t.run("mke2fs", "-q", "-t", "ext4", "-d", root, t.path("card"), cardSize); err != nil {
		return err
	}
	return t.boot("install", cut{never: true})
}

// debian downloads Debian's packages and unpacks them. Their scripts do not run, because
// that takes half an hour under emulation: the few files that the system needs from them are
// written here, and systemd creates the users that it needs.
func (t *test) debian(root string) error {
	part := root + ".part"
	if err := os.RemoveAll(part); err != nil {
		return err
	}
	if err := t.run("mmdebstrap", "--mode=root", "--architectures=arm64", "--variant=extract", "--skip=check/qemu", "--include="+included,
		"--keyring="+keyring, "--aptopt=Acquire::Retries \"3\"", suite, part, mirror); err != nil {
		return err
	}
	for _, name := range []string{"passwd", "group"} {
		data, err := os.ReadFile(filepath.Join(part, "usr/share/base-passwd", name+".master"))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(part, "etc", name), data, 0o644); err != nil {
			return err
		}
	}
	for _, dir := range []string{"var/lib/dpkg/info", "var/lib/dpkg/updates", "var/lib/dpkg/triggers"} {
		if err := os.MkdirAll(filepath.Join(part, dir), 0o755); err != nil {
			return err
		}
	}
	for name, text := range map[string]string{
		"var/lib/dpkg/status": "",
		"etc/hostname":        "board\n",
		// With none this would be the first boot, which enables every unit.
		"etc/machine-id": "0123456789abcdef0123456789abcdef\n",
	} {
		if err := os.WriteFile(filepath.Join(part, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return os.Rename(part, root)
}

// configure adds the package, the modules and the checks to the system.
func (t *test) configure(root string) error {
	inside := filepath.Join(root, "boardtest")
	kept := filepath.Join(root, "usr/lib/modules", t.kernel.Release)
	for _, dir := range []string{inside, kept} {
		if err := errors.Join(os.RemoveAll(dir), os.MkdirAll(dir, 0o755)); err != nil {
			return err
		}
	}
	if err := t.run("go", "run", "./tools/release", "-version", "1.0", "-out", t.dir, "deb"); err != nil {
		return err
	}
	files := map[string]string{ // files to copy, by their path in the system
		"boardtest/new.deb":                    t.path("halfmeg_1.0_arm64.deb"),
		"boardtest/check.sh":                   "tools/boardtest/check.sh",
		"etc/systemd/system/boardtest.service": "tools/boardtest/boardtest.service",
		"etc/systemd/system/gpiosim.service":   "tools/boardtest/gpiosim.service",
	}
	for name, file := range t.kernel.Modules {
		files[filepath.Join("usr/lib/modules", t.kernel.Release, name+".ko")] = file
	}
	for to, from := range files {
		data, err := os.ReadFile(from)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(root, to), data, 0o644); err != nil {
			return err
		}
	}
	vivid := board.Cameras[0]
	for name, text := range map[string]string{
		"etc/modules-load.d/boardtest.conf": "bcm2835_wdt\ni2c_bcm2835\nconfigfs\ngpio_sim\nvivid\n",
		"etc/modprobe.d/boardtest.conf":     "options " + vivid.Path + " " + vivid.Parameters + "\n",
	} {
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	// Both take minutes under emulation, and update what these checks do not use.
	for _, unit := range []string{"systemd-hwdb-update.service", "systemd-journal-catalog-update.service"} {
		if err := os.Symlink("/dev/null", filepath.Join(root, "etc/systemd/system", unit)); err != nil && !errors.Is(err, os.ErrExist) {
			return err
		}
	}
	wants := filepath.Join(root, "etc/systemd/system/multi-user.target.wants")
	if err := os.MkdirAll(wants, 0o755); err != nil {
		return err
	}
	for _, unit := range []string{"boardtest.service", "gpiosim.service"} {
		if err := os.Symlink("../"+unit, filepath.Join(wants, unit)); err != nil && !errors.Is(err, os.ErrExist) {
			return err
		}
	}
	return nil
}

func (t *test) run(name string, args ...string) error {
	fmt.Println("$", name, strings.Join(args, " "))
	cmd := exec.CommandContext(t.ctx, name, args...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// cutPower boots the board and cuts its power at random moments: every second time while it
// boots or starts the service, else while the service records.
func (t *test) cutPower(cuts int) error {
	for n := range cuts {
		c := cut{recording: n%2 == 0, after: rand.N(10 * time.Second)}
		if !c.recording {
			c.after = rand.N(time.Minute)
		}
		if err := t.boot("power", c); err != nil {
			return err
		}
		fmt.Printf("boardtest: power cut %d of %d, %v after the start of the %s\n", n+1, cuts, c.after.Round(time.Millisecond), c.moment())
	}
	if cuts == 0 {
		return nil
	}
	if err := t.boot("power", cut{recording: true}); err != nil { // the last checks
		return err
	}
	// e2fsck replays the journal first, as the kernel does.
	err := t.run("e2fsck", "-p", t.path("card"))
	if err == nil {
		err = t.run("e2fsck", "-f", "-n", t.path("card"))
	}
	return err
}

// cut is the moment of a power cut.
type cut struct {
	never     bool
	recording bool          // after the checks, else after the start of the board
	after     time.Duration // how long after, by the host's clock
}

func (c cut) moment() string {
	if c.recording {
		return "recording"
	}
	return "board"
}

const (
	prefix   = "boardtest: " // begins the lines of check.sh
	doneLine = "done"        // its last line
)

// boot boots the card for a phase of check.sh, until the board powers itself off or its
// power is cut.
func (t *test) boot(phase string, c cut) error {
	ctx, cancel := context.WithTimeout(t.ctx, t.timeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, t.kernel.Emulator,
		"-icount", "shift=0,sleep=off", "-nodefaults", "-no-reboot", "-display", "none", "-monitor", "none", "-serial", "stdio",
		"-machine", "raspi3b", "-dtb", t.kernel.DeviceTree, "-kernel", t.kernel.Image, "-initrd", t.path("initramfs"),
		"-drive", "if=sd,format=raw,cache=writeback,file="+t.path("card"),
		"-device", fmt.Sprintf("ssd0303,address=%#x,bus=i2c-bus.1", board.DisplayAddress),
		"-trace", "i2c_*,file="+t.path("i2c-"+phase),
		"-append", "console=ttyAMA0 loglevel=1 panic=-1 systemd.show_status=no systemd.getty_auto=0 boardtest="+phase)
	console, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	log, err := os.Create(t.path("console-" + phase))
	if err != nil {
		return err
	}
	defer log.Close()
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return err
	}
	done, err := t.follow(io.TeeReader(console, log), c, cmd.Process)
	exit := cmd.Wait() // SIGKILL after a cut
	fmt.Printf("boardtest: phase %s took %v\n", phase, time.Since(start).Round(time.Second))
	switch {
	case t.ctx.Err() != nil:
		return t.ctx.Err()
	case ctx.Err() != nil:
		return fmt.Errorf("phase %s took longer than %v", phase, t.timeout)
	case err != nil:
		return err
	case !done && (c.never || c.recording):
		return errors.Join(fmt.Errorf("the board ended before its checks: %s", stderr.String()), exit)
	}
	return nil
}

// follow prints the lines of check.sh and cuts the power. It reports whether the checks have
// ended.
func (t *test) follow(console io.Reader, c cut, qemu *os.Process) (done bool, err error) {
	kill := func() { _ = qemu.Kill() } // it may have ended
	if !c.never && !c.recording {
		defer time.AfterFunc(c.after, kill).Stop()
	}
	lines := bufio.NewScanner(console)
	for lines.Scan() {
		// systemd resets the console with escape sequences before the first line.
		_, line, ok := strings.Cut(strings.TrimRight(lines.Text(), "\r"), prefix)
		if !ok {
			continue
		}
		fmt.Println(prefix + line)
		if strings.HasPrefix(line, "FAIL") {
			t.failures++
		}
		if line == doneLine {
			done = true
			if c.recording {
				defer time.AfterFunc(c.after, kill).Stop()
			}
		}
	}
	return done, lines.Err()
}

// checkService runs the checks of the service.
func (t *test) checkService() error {
	if err := t.boot("check", cut{never: true}); err != nil {
		return err
	}
	return t.checkDisplay()
}

// checkDisplay checks that the display has received data, by QEMU's trace of the bus.
func (t *test) checkDisplay() error {
	trace, err := os.ReadFile(t.path("i2c-check"))
	if err != nil {
		return err
	}
	sent := bytes.Count(trace, []byte(fmt.Sprintf("i2c_send send(addr:%#02x)", board.DisplayAddress)))
	fmt.Printf("boardtest: the display received %d bytes\n", sent)
	if sent < 1024 { // the pixels of one picture
		return errors.New("the display received no picture")
	}
	return nil
}
