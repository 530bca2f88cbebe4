package integration

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"halfmeg/internal/testnet"
	"halfmeg/model/sqz"
)

// lines is a simulated chip of the driver gpio-sim with lines LAMP, BUTTON and HEATER. The
// kernel itself uses HEATER.
type lines struct {
	config string // folder in configfs
	sysfs  string // folder of the lines, while the chip exists
}

// simulatedChip is the label of the chip.
const simulatedChip = "halfmeg-sim"

// simulateLines creates the chip for a test.
func simulateLines(tb testing.TB) *lines {
	tb.Helper()
	l := &lines{config: filepath.Join(needPi(tb, "HALFMEG_GPIO_SIM"), "pins")}
	bank := filepath.Join(l.config, "bank")
	folders := []string{l.config, bank}
	for i, name := range []string{"LAMP", "BUTTON", "HEATER"} {
		folder := filepath.Join(bank, fmt.Sprint("line", i))
		folders = append(folders, folder)
		if name == "HEATER" {
			folders = append(folders, filepath.Join(folder, "hog"))
		}
	}
	for _, folder := range folders {
		require.NoError(tb, os.Mkdir(folder, 0o755))
	}
	tb.Cleanup(func() {
		l.setLive(tb, false)
		for i := range folders {
			require.NoError(tb, os.Remove(folders[len(folders)-1-i]))
		}
	})
	for file, text := range map[string]string{
		"num_lines": "3", "label": simulatedChip, "line0/name": "LAMP", "line1/name": "BUTTON", "line2/name": "HEATER",
		"line2/hog/name": "thermostat", "line2/hog/direction": "output-low",
	} {
		writeFile(tb, filepath.Join(bank, file), text)
	}
	l.setLive(tb, true)
	return l
}

// setLive creates or removes the chip.
func (l *lines) setLive(tb testing.TB, live bool) {
	tb.Helper()
	if !live {
		writeFile(tb, l.config+"/live", "0")
		return
	}
	writeFile(tb, l.config+"/live", "1")
	l.sysfs = filepath.Join("/sys/devices/platform", readFile(tb, l.config+"/dev_name"), readFile(tb, l.config+"/bank/chip_name"))
}

// high reports whether a line is high: as an output what it drives, otherwise its pull.
func (l *lines) high(t *testing.T, offset int) bool {
	t.Helper()
	return readFile(t, fmt.Sprintf("%s/sim_gpio%d/value", l.sysfs, offset)) == "1"
}

// pull connects a line to a level, as a resistor or a button would.
func (l *lines) pull(t *testing.T, offset int, high bool) {
	t.Helper()
	text := "pull-down"
	if high {
		text = "pull-up"
	}
	writeFile(t, fmt.Sprintf("%s/sim_gpio%d/pull", l.sysfs, offset), text)
}

// becomes waits until a line has a level.
func (l *lines) becomes(t *testing.T, offset int, high bool) {
	t.Helper()
	require.Eventually(t, func() bool { return l.high(t, offset) == high }, patience, 5*time.Millisecond)
}

func writeFile(tb testing.TB, path, text string) {
	tb.Helper()
	require.NoError(tb, os.WriteFile(path, []byte(text), 0o644))
}

func readFile(tb testing.TB, path string) string {
	tb.Helper()
	data, err := os.ReadFile(path)
	require.NoError(tb, err)
	return strings.TrimSpace(string(data))
}

const (
	lamp   = 0
	button = 1

	// patience is how long to wait for edge. Idle time of this board costs the host about
	// as much as computing.
	patience = 20 * time.Second

	// stable is longer than the kernel and edge debounce, and than the time of a frame.
	stable = 150 * time.Millisecond
)

// withPins is an edge that uses lines of the simulated chip.
type withPins struct {
	*exec.Cmd
	messages <-chan string // lines of stderr; closed at their end
}

// startPins starts edge with the test card, the simulated chip and a tiny network, which
// sees something in the first frame. The built-in networks take seconds of the host's time
// for each frame.
func startPins(t *testing.T, args ...string) *withPins {
	t.Helper()
	network := filepath.Join(t.TempDir(), "tiny.sqz")
	require.NoError(t, sqz.WriteFile(network, testnet.Network(rand.New(rand.NewPCG(1, 2)), testnet.Small(), testnet.Uniform)))
	cmd := exec.CommandContext(t.Context(), need(t, "HALFMEG_EDGE"), append([]string{
		"run", "--camera", "testcard", "--rate", "10", "--model", network, "--events", "--on", "5%", "--off", "1%",
		"--min-on", "0", "--half-life", "0", "--pin-chip", simulatedChip}, args...)...)
	stderr, err := cmd.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	messages, done := make(chan string, 100), make(chan struct{})
	go func() {
		defer close(done)
		defer close(messages)
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			t.Log(lines.Text())
			messages <- lines.Text()
		}
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // fails if it has exited
		<-done
		_ = cmd.Wait()
	})
	return &withPins{cmd, messages}
}

// reports waits for the next message and requires it to match a pattern.
func (w *withPins) reports(t *testing.T, pattern string) {
	t.Helper()
	select {
	case text := <-w.messages:
		require.Regexp(t, pattern, text)
	case <-time.After(patience):
		t.Fatalf("edge did not report %q", pattern)
	}
}

// end sends a signal and waits until edge has ended without a further message.
func (w *withPins) end(t *testing.T, signal unix.Signal) error {
	t.Helper()
	require.NoError(t, w.Process.Signal(signal))
	for text := range w.messages {
		t.Errorf("unexpected: %s", text)
	}
	return w.Wait()
}

// An output follows the events of a group.
func TestPiOutputFollowsEvents(t *testing.T) {
	l := simulateLines(t)
	// A frame for each of two scenes, of which the first is in the group.
	cmd := exec.CommandContext(t.Context(), need(t, "HALFMEG_EDGE"), "run", "--camera", "testcard", "--rate", "0.4", "--frames", "2",
		"--events", "--json", "--min-on", "0", "--min-off", "0", "--half-life", "0", "--group", "clocks=analog clock,wall clock",
		"--pin-chip", simulatedChip, "--pin-output", "LAMP=clocks")
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	changes := 0
	for events := json.NewDecoder(stdout); ; {
		var e struct{ Type, Name string }
		if events.Decode(&e) != nil {
			break
		}
		if e.Name == "clocks" {
			l.becomes(t, lamp, e.Type == "appeared")
			changes++
		}
	}
	require.NoError(t, cmd.Wait())
	require.Equal(t, 2, changes)
}

// SIGTERM makes an output inactive before its line is released. SIGKILL cannot: the
// driver sets the level of a released line to its pull, as resistors do for a line that
// becomes an input.
func TestPiOutputAtTheEnd(t *testing.T) {
	l := simulateLines(t)
	for _, c := range []struct {
		name, option string
		signal       unix.Signal
		pull, after  bool
	}{
		{"SIGTERM, active low", ",active-low", unix.SIGTERM, true, true},
		{"SIGKILL", "", unix.SIGKILL, false, false},
		{"SIGKILL, wrong resistor", "", unix.SIGKILL, true, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			l.pull(t, lamp, c.pull)
			// After min=1h the output is inactive only because edge has ended.
			edge := startPins(t, "--pin-output", "LAMP=*,min=1h"+c.option)
			if c.pull { // first inactive, so that the resistor is not taken for the output
				l.becomes(t, lamp, c.option != "")
			}
			l.becomes(t, lamp, c.option == "")
			require.Equal(t, "halfmeg", consumer(t, lamp))
			if err := edge.end(t, c.signal); c.signal == unix.SIGTERM {
				require.NoError(t, err)
			} else {
				require.Error(t, err)
			}
			require.Equal(t, c.after, l.high(t, lamp))
			require.Empty(t, consumer(t, lamp))
		})
	}
}

// A pressed button with bounces keeps one picture. The line supports no debouncing, and the
// pull-up that keeps it high is the one that edge turns on.
func TestPiButtonKeepsAPicture(t *testing.T) {
	l := simulateLines(t)
	dir := t.TempDir()
	edge := startPins(t, "--record", dir, "--record-events", "#11", "--record-min-free", "0", "--button", "BUTTON=snapshot")
	l.becomes(t, button, true)
	for press := 1; press <= 2; press++ {
		time.Sleep(stable)
		bounce(t, l, false)
		edge.reports(t, "^edge: button BUTTON: snapshot$")
		require.Eventually(t, func() bool { return len(pictures(t, dir)) == press }, patience, 10*time.Millisecond)
		bounce(t, l, true)
	}
	time.Sleep(2 * stable) // for another picture, which would be wrong
	require.NoError(t, edge.end(t, unix.SIGTERM))
	require.Len(t, pictures(t, dir), 2)
}

// bounce sets the button's line to a level, with bounces.
func bounce(t *testing.T, l *lines, high bool) {
	t.Helper()
	for i := range 15 {
		l.pull(t, button, (i%2 == 0) == high)
		time.Sleep(time.Duration(i%4*200) * time.Microsecond)
	}
	l.pull(t, button, high)
}

// pictures lists the pictures that a button requested.
func pictures(t *testing.T, dir string) []string {
	t.Helper()
	list, err := filepath.Glob(dir + "/*/*-button.jpg")
	require.NoError(t, err)
	return list
}

// A busy line names its consumer, the kernel or another edge, and is used once it is free.
func TestPiBusyLine(t *testing.T) {
	simulateLines(t)
	first := startPins(t, "--pin-output", "LAMP=*")
	require.Eventually(t, func() bool { return consumer(t, lamp) == "halfmeg" }, patience, 10*time.Millisecond)
	second := startPins(t, "--pin-output", "LAMP=*", "--pin-output", "HEATER=*", "--pin-output", "HEATHER=*")
	var reported []string
	for range 3 {
		reported = append(reported, <-second.messages)
	}
	all := strings.Join(reported, "\n")
	require.Regexp(t, `(?m)^edge: output LAMP: line 0 of gpiochip\d+ \(halfmeg-sim\) is in use by "halfmeg"; retrying$`, all)
	require.Regexp(t, `(?m)^edge: output HEATER: line 2 of .* is in use by "thermostat"; retrying$`, all)
	require.Regexp(t, `(?m)^edge: output HEATHER: no line "HEATHER" in gpiochip.*; similar names: HEATER.*; retrying$`, all)
	require.Error(t, first.end(t, unix.SIGKILL))
	second.reports(t, "output LAMP works")
}

// A chip that is removed and returns, such as a USB expander, works again.
func TestPiChipReturns(t *testing.T) {
	l := simulateLines(t)
	edge := startPins(t, "--pin-output", "LAMP=*,min=1h")
	l.becomes(t, lamp, true)
	l.setLive(t, false)
	edge.reports(t, "output LAMP: line 0 of .*no such device; retrying")
	l.setLive(t, true)
	edge.reports(t, "output LAMP works")
	l.becomes(t, lamp, true)
}

// The header of the Raspberry Pi is found without its chip's name, and its line is released
// by SIGKILL. The kernel does not report what then becomes of the direction.
func TestPiHeader(t *testing.T) {
	needPi(t, "HALFMEG_GPIO_SIM")
	const (
		header     = "pinctrl-bcm2835"
		offset     = 17
		flagOutput = 1 << 3 // GPIO_V2_LINE_FLAG_OUTPUT
	)
	edge := startPins(t, "--pin-chip", "", "--pin-output", "GPIO17=*,min=1h")
	require.Eventually(t, func() bool {
		info := lineOf(t, header, offset)
		return info.Flags&flagOutput != 0 && cString(info.Consumer[:]) == "halfmeg"
	}, patience, 10*time.Millisecond)
	require.Error(t, edge.end(t, unix.SIGKILL))
	info := lineOf(t, header, offset)
	require.Empty(t, cString(info.Consumer[:]))
}

// consumer returns who uses a line of the simulated chip.
func consumer(t *testing.T, offset uint32) string {
	t.Helper()
	info := lineOf(t, simulatedChip, offset)
	return cString(info.Consumer[:])
}

// lineOf returns the kernel's information about a line of the chip with a label.
func lineOf(t *testing.T, label string, offset uint32) unix.GPIOV2LineInfo {
	t.Helper()
	paths, err := filepath.Glob("/dev/gpiochip*")
	require.NoError(t, err)
	for _, path := range paths {
		f, err := os.Open(path)
		require.NoError(t, err)
		var chip unix.GPIOChipInfo
		ioctl(t, f, unix.GPIO_GET_CHIPINFO_IOCTL, unsafe.Pointer(&chip))
		info := unix.GPIOV2LineInfo{Offset: offset}
		found := cString(chip.Label[:]) == label
		if found {
			ioctl(t, f, unix.GPIO_V2_GET_LINEINFO_IOCTL, unsafe.Pointer(&info))
		}
		require.NoError(t, f.Close())
		if found {
			return info
		}
	}
	require.Fail(t, "no chip "+label)
	return unix.GPIOV2LineInfo{}
}

func ioctl(t *testing.T, f *os.File, request uintptr, argument unsafe.Pointer) {
	t.Helper()
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, f.Fd(), request, uintptr(argument))
	require.Zero(t, errno)
}

func cString(b []byte) string {
	text, _, _ := strings.Cut(string(b), "\x00")
	return text
}
