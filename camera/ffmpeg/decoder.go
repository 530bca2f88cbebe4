package ffmpeg

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// hardwareDecoder is ffmpeg's name of the V4L2 decoder for H.264.
const hardwareDecoder = "h264_v4l2m2m"

const (
	// reliableTime is how long the hardware must decode before a failure no longer
	// counts against it.
	reliableTime = time.Minute

	// maxFailures is the number of consecutive early failures after which the hardware
	// is rejected.
	maxFailures = 2
)

// Decoder remembers across connections whether the hardware decodes a camera's
// stream. The zero value tries the hardware if the machine has it. Methods are safe for
// concurrent use.
type Decoder struct {
	mu       sync.Mutex
	rejected bool
	failures int // consecutive
}

// useHardware reports whether to try the hardware.
func (d *Decoder) useHardware() bool {
	d.mu.Lock()
	rejected := d.rejected
	d.mu.Unlock()
	return !rejected && hasHardware(videoDevices)
}

// reject makes all later connections use ffmpeg's software decoder.
func (d *Decoder) reject() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.rejected = true
}

// recordFailure counts a hardware-decoded stream that failed after this time, for a
// reason that the log does not explain.
func (d *Decoder) recordFailure(after time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if after >= reliableTime {
		d.failures = 0
		return
	}
	d.failures++
	d.rejected = d.rejected || d.failures >= maxFailures
}

// videoDevices has a folder for each V4L2 device. Tests replace it.
var videoDevices = "/sys/class/video4linux"

// hasHardware reports whether the machine has the H.264 decoder of a Raspberry Pi 4 or
// earlier.
func hasHardware(devices string) bool {
	names, _ := filepath.Glob(filepath.Join(devices, "*", "name")) // the pattern is valid
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err == nil && strings.HasPrefix(string(text), "bcm2835-codec-decode") {
			return true
		}
	}
	return false
}
