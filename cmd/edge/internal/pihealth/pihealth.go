// Package pihealth reads the state of a Linux board: its name, clock and
// temperature, and whether the Raspberry Pi's firmware throttles it. What the
// system does not report is left out, never guessed.
package pihealth

import (
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// State is the state of a board at one time.
type State struct {
	Model string `json:"model,omitempty"` // as the device tree names it
	// ClockHz is the current clock of the first processor; 0 if unknown.
	ClockHz float64 `json:"clock_hz,omitempty"`
	// Celsius is the processor's temperature; nil if unknown.
	Celsius *float64 `json:"celsius,omitempty"`
	// Throttled is the bit mask of the Raspberry Pi's firmware; nil elsewhere.
	Throttled *uint32 `json:"throttled,omitempty"`
}

// The files that hold the state, relative to the root directory.
const (
	modelFile     = "proc/device-tree/model"
	clockFile     = "sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq" // kHz
	thermalZones  = "sys/class/thermal/thermal_zone*"
	throttledFile = "sys/devices/platform/soc*/soc*:firmware/get_throttled" // hexadecimal
)

// processorZones are the types of thermal zones that measure the processor.
var processorZones = []string{"cpu-thermal", "cpu_thermal", "x86_pkg_temp"}

// Read reads the state below a root directory, on a real machine os.DirFS("/").
func Read(root fs.FS) State {
	s := State{Model: firstLine(root, modelFile)}
	if kHz, err := strconv.ParseFloat(firstLine(root, clockFile), 64); err == nil && kHz > 0 {
		s.ClockHz = 1000 * kHz
	}
	for _, zone := range matches(root, thermalZones) {
		millidegrees, err := strconv.ParseFloat(firstLine(root, path.Join(zone, "temp")), 64)
		if err == nil && slices.Contains(processorZones, firstLine(root, path.Join(zone, "type"))) {
			celsius := millidegrees / 1000
			s.Celsius = &celsius
			break
		}
	}
	for _, file := range matches(root, throttledFile) {
		if bits, err := strconv.ParseUint(strings.TrimPrefix(firstLine(root, file), "0x"), 16, 32); err == nil {
			word := uint32(bits)
			s.Throttled = &word
		}
	}
	return s
}

func matches(root fs.FS, pattern string) []string {
	list, _ := fs.Glob(root, pattern) // fails only for a malformed pattern
	return list
}

// firstLine returns a file's first line, or empty if the file cannot be read. Strings
// of a device tree end with a zero byte.
func firstLine(root fs.FS, name string) string {
	data, err := fs.ReadFile(root, name)
	if err != nil {
		return ""
	}
	line, _, _ := strings.Cut(string(data), "\n")
	return strings.TrimSpace(strings.TrimRight(line, "\x00"))
}

// problems are the bits of Throttled, from the Raspberry Pi's documentation of
// vcgencmd get_throttled.
var problems = []struct {
	bit  uint32
	text string
}{
	{1 << 0, "the supply voltage is too low"},
	{1 << 1, "the clock is capped"},
	{1 << 2, "the processor is throttled"},
	{1 << 3, "it is too warm for full speed"},
	{1 << 16, "the supply voltage has been too low"},
	{1 << 17, "the clock has been capped"},
	{1 << 18, "the processor has been throttled"},
	{1 << 19, "it has been too warm for full speed"},
}

// IsThrottled reports whether the firmware limits the processor's clock now.
func (s State) IsThrottled() bool { return s.Throttled != nil && *s.Throttled&0xf != 0 }

// Problems describes the bits of Throttled. A problem that has occurred since the
// start is left out where it still persists.
func (s State) Problems() []string {
	if s.Throttled == nil {
		return nil
	}
	var list []string
	for _, c := range problems {
		still := *s.Throttled&(c.bit>>16) != 0
		if *s.Throttled&c.bit != 0 && !still {
			list = append(list, c.text)
		}
	}
	return list
}
