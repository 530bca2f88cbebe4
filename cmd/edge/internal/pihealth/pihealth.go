// Package pihealth reads the state of a Linux board: name, clock, temperature, what the
// Raspberry Pi's firmware says about supply voltage and throttling, memory, and free space
// on the card. A value that the system does not report is omitted, never guessed.
//
// A Reader reads the state once. A Monitor reads it every few seconds, reports each
// problem when it begins and when it is over, and has the latest state for all outputs.
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
	// Undervoltage reports whether the supply voltage is too low; nil if unknown.
	Undervoltage *bool `json:"undervoltage,omitempty"`
	// Memory is nil if unknown.
	Memory *Memory `json:"memory,omitempty"`
	// Volumes are the file systems of a Reader's folders.
	Volumes []Volume `json:"volumes,omitempty"`

	held map[string]bool // by finding.id: the problems that a Monitor has reported; nil without one
}

// The files that hold the state, relative to the root directory. A kernel has the file
// get_throttled (Raspberry Pi's own kernels), the sensor rpi_volt (drivers/hwmon/raspberrypi-hwmon.c), or both.
const (
	modelFile     = "proc/device-tree/model"
	clockFile     = "sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq" // kHz
	thermalZones  = "sys/class/thermal/thermal_zone*"
	throttledFile = "sys/devices/platform/soc*/soc*:firmware/get_throttled" // hexadecimal
	sensors       = "sys/class/hwmon/hwmon*"
	voltageSensor = "rpi_volt"        // in the sensor's file name
	voltageAlarm  = "in0_lcrit_alarm" // 0 or 1
)

// processorZones are the types of thermal zones that measure the processor.
var processorZones = []string{"cpu-thermal", "cpu_thermal", "x86_pkg_temp"}

// Read reads the state below a root directory, on a real machine os.DirFS("/"), without
// volumes.
func Read(root fs.FS) State {
	s := State{Model: firstLine(root, modelFile), Memory: readMemory(root)}
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
	s.Undervoltage = readUndervoltage(root, s.Throttled)
	return s
}

// readUndervoltage returns whether the firmware or the sensor reports a low voltage; nil
// if neither exists.
func readUndervoltage(root fs.FS, throttled *uint32) *bool {
	known, low := false, false
	if throttled != nil {
		known, low = true, *throttled&bitUndervoltage != 0
	}
	for _, sensor := range matches(root, sensors) {
		if firstLine(root, path.Join(sensor, "name")) != voltageSensor {
			continue
		}
		if alarm := firstLine(root, path.Join(sensor, voltageAlarm)); alarm == "0" || alarm == "1" {
			known, low = true, low || alarm == "1"
		}
	}
	if !known {
		return nil
	}
	return &low
}

// IsThrottled reports whether the firmware limits the processor's clock now.
func (s State) IsThrottled() bool { return s.Throttled != nil && *s.Throttled&0xf != 0 }

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
