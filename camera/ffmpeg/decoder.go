package ffmpeg

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// hardwareDecoder is ffmpeg's name of the decoder for H.264 that V4L2 offers.
const hardwareDecoder = "h264_v4l2m2m"

const (
	// reliable is how long the hardware must have decoded to be trusted.
	reliable = time.Minute

	// maxFailures is how often in a row the hardware may fail sooner.
	maxFailures = 2
)

// Decoder remembers across connections whether the hardware decodes a camera's
// stream. Its zero value tries the hardware where there is one. It may be used from any
// goroutine.
type Decoder struct {
	mu       sync.Mutex
	rejected bool
	failures int // in a row
}

// useHardware reports whether the hardware is to be tried.
func (d *Decoder) useHardware() bool {
	d.mu.Lock()
	rejected := d.rejected
	d.mu.Unlock()
	return !rejected && hasHardware(videoDevices)
}

// reject has all later connections decoded by ffmpeg itself.
func (d *Decoder) reject() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.rejected = true
}

// ended counts a stream that was decoded by the hardware, has failed after a time, and
// whose log does not explain why.
func (d *Decoder) ended(after time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if after >= reliable {
		d.failures = 0
		return
	}
	d.failures++
	d.rejected = d.rejected || d.failures >= maxFailures
}

// videoDevices has a folder for each device of V4L2.
var videoDevices = "/sys/class/video4linux"

// hasHardware reports whether there is the decoder of a Raspberry Pi up to the 4.
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
