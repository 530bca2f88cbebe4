// Package pihealth reads what a Linux board says of itself: its name, its clock,
// its temperature and whether power or heat hold it back. What a machine does
// not tell is left out, never guessed.
package pihealth

import (
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// State is what a board says at one moment.
type State struct {
	Model string `json:"model,omitempty"` // as the device tree names it
	// ClockHz is the present clock of the first processor; 0: not known.
	ClockHz float64 `json:"clock_hz,omitempty"`
	// Celsius is the processor's temperature; nil: not known.
	Celsius *float64 `json:"celsius,omitempty"`
	// Throttled is the Raspberry Pi firmware's word of bits; nil: no such firmware.
	Throttled *uint32 `json:"throttled,omitempty"`
}

// The files that a State comes from, below "/".
const (
	modelFile     = "proc/device-tree/model"
	clockFile     = "sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq" // kHz
	thermalZones  = "sys/class/thermal/thermal_zone*"
	throttledFile = "sys/devices/platform/soc*/soc*:firmware/get_throttled" // hexadecimal
)

// processorZones are the types of thermal zones that are the processor's.
var processorZones = []string{"cpu-thermal", "cpu_thermal", "x86_pkg_temp"}

// Read asks the machine whose root directory this is.
func Read(root fs.FS) State {
	s := State{Model: text(root, modelFile)}
	if kHz, err := strconv.ParseFloat(text(root, clockFile), 64); err == nil && kHz > 0 {
		s.ClockHz = 1000 * kHz
	}
	for _, zone := range matches(root, thermalZones) {
		thousandths, err := strconv.ParseFloat(text(root, path.Join(zone, "temp")), 64)
		if err == nil && slices.Contains(processorZones, text(root, path.Join(zone, "type"))) {
			celsius := thousandths / 1000
			s.Celsius = &celsius
			break
		}
	}
	for _, file := range matches(root, throttledFile) {
		if bits, err := strconv.ParseUint(strings.TrimPrefix(text(root, file), "0x"), 16, 32); err == nil {
			word := uint32(bits)
			s.Throttled = &word
		}
	}
	return s
}

func matches(root fs.FS, pattern string) []string {
	list, _ := fs.Glob(root, pattern) // the patterns are right
	return list
}

// text is a file's first line; a device tree's ends with a zero byte. It is
// empty for a file that cannot be read.
func text(root fs.FS, name string) string {
	data, err := fs.ReadFile(root, name)
	if err != nil {
		return ""
	}
	line, _, _ := strings.Cut(string(data), "\n")
	return strings.TrimSpace(strings.TrimRight(line, "\x00"))
}

// complaints are the bits of Throttled, as the Raspberry Pi's documentation of
// vcgencmd get_throttled gives them.
var complaints = []struct {
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

// HeldBack tells whether the firmware keeps the processor below its clock now.
func (s State) HeldBack() bool { return s.Throttled != nil && *s.Throttled&0xf != 0 }

// Complaints says in words what the firmware complains of. What has been since
// the start is left out where it still is.
func (s State) Complaints() []string {
	if s.Throttled == nil {
		return nil
	}
	var list []string
	for _, c := range complaints {
		still := *s.Throttled&(c.bit>>16) != 0
		if *s.Throttled&c.bit != 0 && !still {
			list = append(list, c.text)
		}
	}
	return list
}
