package pihealth

import (
	"io/fs"
	"strconv"
	"strings"
)

// Memory is the state of the main memory.
type Memory struct {
	Total int64 `json:"total_bytes"`
	// Available is the kernel's estimate of what programs can allocate without swapping.
	Available int64 `json:"available_bytes"`
	// Pressure is the share of the last minute in which a task waited for memory, in
	// percent (PSI, "some avg60"); nil if the kernel does not measure it. Raspberry Pi OS
	// measures it with psi=1 on the kernel's command line.
	Pressure *float64 `json:"pressure_percent,omitempty"`
}

const (
	memoryFile   = "proc/meminfo"
	pressureFile = "proc/pressure/memory"
)

func readMemory(root fs.FS) *Memory {
	data, err := fs.ReadFile(root, memoryFile)
	if err != nil {
		return nil
	}
	var m Memory
	hasAvailable := false
	for line := range strings.Lines(string(data)) {
		words := strings.Fields(line)
		if len(words) < 2 {
			continue
		}
		kiB, err := strconv.ParseInt(words[1], 10, 64)
		if err != nil || kiB < 0 || kiB >= 1<<53 {
			continue
		}
		switch words[0] {
		case "MemTotal:":
			m.Total = kiB << 10
		case "MemAvailable:":
			m.Available, hasAvailable = kiB<<10, true
		}
	}
	if m.Total == 0 || !hasAvailable {
		return nil
	}
	m.Pressure = readPressure(root)
	return &m
}

// readPressure reads the line "some avg10=0.00 avg60=0.00 avg300=0.00 total=0".
func readPressure(root fs.FS) *float64 {
	for _, word := range strings.Fields(firstLine(root, pressureFile)) {
		if text, ok := strings.CutPrefix(word, "avg60="); ok {
			if percent, err := strconv.ParseFloat(text, 64); err == nil && percent >= 0 && percent <= 100 {
				return &percent
			}
		}
	}
	return nil
}
