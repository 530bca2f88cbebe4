// Package doctor examines a machine for what usually prevents edge from working there:
// camera, permissions, power supply, clock, storage, network. Each check is a function of
// a Machine, which tests replace, and of a Plan: what edge run would use.
package doctor

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"time"

	"halfmeg/cmd/edge/internal/pihealth"
	"halfmeg/internal/printable"
)

// Status is the result of a check.
type Status string

// The values of Status.
const (
	OK      Status = "ok"
	Warning Status = "warning" // edge works, but something may go wrong
	Problem Status = "problem" // edge does not work, or not as configured
)

// Finding is what a check has found.
type Finding struct {
	Check  string `json:"check"`
	Status Status `json:"status"`
	Text   string `json:"text"`
	Cure   string `json:"cure,omitempty"` // what to do; empty if OK
}

// Machine is the machine that is examined.
type Machine struct {
	Root     fs.FS  // its root directory
	Arch     string // GOARCH of this program
	Kernel   string // the kernel's name of its architecture, such as aarch64
	PageSize int    // of memory, in bytes

	Now   func() time.Time
	Built time.Time // when this program was built; zero if unknown
	// Synced reports whether a time server sets the clock. known is false if the kernel
	// does not report it.
	Synced func() (synced, known bool)

	// Access returns an error unless this user may read and write a file.
	Access   func(path string) error
	LookPath func(program string) (string, error)
	Health   func() pihealth.State
}

// Camera is a selected camera.
type Camera struct {
	Name    string // empty for a single camera without one
	Address string
}

// Plan is what edge run would use. Listen is nil without a page, Broker without MQTT.
type Plan struct {
	Config func() (path string, err error) // reads the configuration file; no path without a file

	Selected   []Camera                                                // by --camera, at least one
	Cameras    func() []Source                                         // all cameras of the machine
	OpenCamera func(context.Context, Camera) (frame string, err error) // reads a frame and describes it
	Folder     string                                                  // of --record; absolute, or empty
	Bus        string                                                  // I2C bus of the display, its device file; empty without a display
	GPIO       bool                                                    // pins need it
	Listen     func() (port int, err error)                            // opens the port of the page for a moment
	Broker     func(context.Context) (address string, err error)       // connects to the MQTT broker
	SelfTest   func(context.Context) (SelfTest, error)                 // classifies the test card
}

// Source is a camera. Problem is empty if it can be used.
type Source struct{ Name, Title, Problem string }

// SelfTest is the result of classifying the test card.
type SelfTest struct {
	Network string
	Kernels string // instruction set
	Threads int
	Load    time.Duration // of the network
	Infer   time.Duration // of a frame, the fastest
	Right   int           // frames with the right answer
	Frames  int
}

// check is one or more checks of the same subject.
type check func(context.Context, *Machine, *Plan) []Finding

// checks are all checks, in the order of the output. The slow ones are last.
var checks = []check{
	checkConfig, checkSystem, checkHealth, checkTime, checkService, checkTools, checkBuses,
	checkFolder, checkPort, checkCameras, checkBroker, checkSelf,
}

// Run examines a machine. It calls found with each finding.
func Run(ctx context.Context, m *Machine, p *Plan, found func(Finding) error) error {
	for _, check := range checks {
		for _, f := range check(ctx, m, p) {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := found(f); err != nil {
				return err
			}
		}
	}
	return nil
}

// Write writes a finding as text, the cure in a line below.
func Write(w io.Writer, f Finding) error {
	line := fmt.Sprintf("%-8s %-9s %s\n", f.Status, f.Check, printable.Text(f.Text))
	if f.Cure != "" {
		line += strings.Repeat(" ", 20) + printable.Text(f.Cure) + "\n"
	}
	_, err := io.WriteString(w, line)
	return err
}

func ok(check, format string, args ...any) Finding {
	return Finding{Check: check, Status: OK, Text: fmt.Sprintf(format, args...)}
}

// exists reports whether a file exists. Its name is relative to the root directory.
func (m *Machine) exists(name string) bool {
	_, err := fs.Stat(m.Root, name)
	return err == nil
}

// text returns the content of a small file without white space at its ends, or "".
func (m *Machine) text(name string) string {
	data, err := fs.ReadFile(m.Root, name)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(data))
}
