package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"
)

// checkTools checks the programs that edge starts.
func checkTools(_ context.Context, m *Machine, p *Plan) []Finding {
	var list []Finding
	if needed := p.selects(func(address string) bool { return address == "rpicam" }); needed || m.isRaspberryPi() {
		list = append(list, m.tool(needed, []string{"rpicam-vid", "libcamera-vid"}, "camera modules need it", "sudo apt install rpicam-apps"))
	}
	return append(list, m.tool(p.selects(isVideo), []string{"ffmpeg"}, "only compressed video needs it, such as rtsp://", "sudo apt install ffmpeg"))
}

// selects reports whether the address of a selected camera satisfies f.
func (p *Plan) selects(f func(address string) bool) bool {
	return slices.ContainsFunc(p.Selected, func(c Camera) bool { return f(c.Address) })
}

func (m *Machine) isRaspberryPi() bool { return strings.Contains(m.Health().Model, "Raspberry Pi") }

// isVideo reports whether a camera needs ffmpeg, by the look of its name.
func isVideo(camera string) bool {
	scheme, _, isAddress := strings.Cut(camera, "://")
	if isAddress {
		return !slices.Contains([]string{"http", "https"}, scheme)
	}
	for _, end := range []string{".mp4", ".mkv", ".mov", ".avi", ".webm", ".ts", ".h264", ".h265"} {
		if strings.HasSuffix(strings.ToLower(camera), end) {
			return true
		}
	}
	return false
}

// tool checks a program that has one of these names.
func (m *Machine) tool(needed bool, names []string, purpose, cure string) Finding {
	for _, name := range names {
		if path, err := m.LookPath(name); err == nil {
			return ok("programs", "%s", path)
		}
	}
	if needed {
		return Finding{"programs", Problem, fmt.Sprintf("%s is not installed, and the camera needs it", names[0]), cure}
	}
	return ok("programs", "%s is not installed; %s (%s)", names[0], purpose, cure)
}

// bus is an interface of the header.
type bus struct {
	check, pattern string
	needed         bool
	purpose        string
	group          string
	enable         string // what to do if it does not exist
}

// checkBuses checks I2C and GPIO.
func checkBuses(_ context.Context, m *Machine, p *Plan) []Finding {
	var list []Finding
	i2c := "dev/i2c-*"
	if p.Bus != "" { // other buses exist: those of the HDMI connectors
		i2c = strings.TrimPrefix(path.Clean(p.Bus), "/")
	}
	for _, b := range []bus{
		{"i2c", i2c, p.Bus != "", "a display", "i2c", "sudo raspi-config nonint do_i2c 0, or dtparam=i2c_arm=on in /boot/firmware/config.txt and a restart"},
		{"gpio", "dev/gpiochip*", p.GPIO, "a pin or a button", "gpio", "a kernel with GPIO character devices, such as that of Raspberry Pi OS"},
	} {
		if b.needed || m.isRaspberryPi() {
			list = append(list, m.bus(b))
		}
	}
	return list
}

func (m *Machine) bus(b bus) Finding {
	nodes, _ := fs.Glob(m.Root, b.pattern) // the pattern is valid
	if len(nodes) == 0 {
		text := fmt.Sprintf("off: no /%s", b.pattern)
		if b.needed {
			return Finding{b.check, Problem, text + ", but " + b.purpose + " is configured", b.enable}
		}
		return ok(b.check, "%s; only needed for %s (%s)", text, b.purpose, b.enable)
	}
	var denied []string
	for _, node := range nodes {
		if errors.Is(m.Access("/"+node), fs.ErrPermission) {
			denied = append(denied, "/"+node)
		}
	}
	cure := fmt.Sprintf("sudo usermod -aG %s $USER, then log in again", b.group)
	switch {
	case len(denied) > 0 && b.needed:
		return Finding{b.check, Problem, "no permission for " + strings.Join(denied, ", "), cure}
	case len(denied) > 0:
		return ok(b.check, "no permission for %s; only needed for %s (%s)", strings.Join(denied, ", "), b.purpose, cure)
	}
	return ok(b.check, "/%s", strings.Join(nodes, ", /"))
}

// cameraTimeout limits the test of the camera.
const cameraTimeout = 20 * time.Second

// checkCameras lists the cameras and reads a frame of each selected one.
func checkCameras(ctx context.Context, m *Machine, p *Plan) []Finding {
	all, list := cameras(p.Cameras()), []Finding(nil)
	works, explained := true, false
	for _, selected := range p.Selected {
		found := m.camera(ctx, p, selected)
		if found.Status == Problem {
			works, explained = false, explained || selected.Address == "auto"
		}
		list = append(list, found)
	}
	switch {
	case all.Status != OK && explained: // the error of auto has the same reasons
		return list
	case works: // no other camera is needed
		all.Status, all.Cure = OK, ""
	}
	return append([]Finding{all}, list...)
}

// camera reads a frame of a camera.
func (m *Machine) camera(ctx context.Context, p *Plan, selected Camera) Finding {
	name := strings.TrimSpace("camera " + selected.Name)
	ctx, cancel := context.WithTimeout(ctx, cameraTimeout)
	defer cancel()
	frame, err := p.OpenCamera(ctx, selected)
	switch {
	case err == nil:
		return ok(name, "%s", frame)
	case m.byService(err):
		return ok(name, "in use by the service")
	case errors.Is(err, context.DeadlineExceeded):
		err = fmt.Errorf("no frame within %v", cameraTimeout)
	}
	return Finding{name, Problem, err.Error(), "edge cameras lists all of them; docs/troubleshooting.md explains each message"}
}

// cameras describes the list of cameras. A Raspberry Pi has many video devices that are
// not cameras; they are not mentioned if one can be used.
func cameras(sources []Source) Finding {
	const name = "cameras"
	var usable, unusable []string
	for _, s := range sources {
		title := s.Name
		if s.Title != "" {
			title += " (" + s.Title + ")"
		}
		if s.Problem == "" {
			usable = append(usable, title)
		} else {
			unusable = append(unusable, title+": "+s.Problem)
		}
	}
	switch {
	case len(usable) > 0:
		return ok(name, "%s", strings.Join(usable, ", "))
	case len(unusable) > 0:
		return Finding{name, Warning, "none can be used: " + strings.Join(unusable, "; "), "follow the message, or use a network camera"}
	}
	return Finding{name, Warning, "none was found", "plug in a webcam; or, with the power off, check the cable of the camera module"}
}

// ofService reports whether a folder is one that systemd creates for the service
// (StateDirectory), or is inside one. /var/lib/NAME links to /var/lib/private/NAME, which
// other users cannot enter.
func ofService(folder string) bool {
	folder = strings.TrimSuffix(folder, "/") + "/"
	for _, unit := range units {
		name := strings.TrimSuffix(unit, ".service") + "/"
		if strings.HasPrefix(folder, "/var/lib/"+name) || strings.HasPrefix(folder, "/var/lib/private/"+name) {
			return true
		}
	}
	return false
}

// checkFolder checks whether this user may write to the folder of --record.
func checkFolder(_ context.Context, m *Machine, p *Plan) []Finding {
	if p.Folder == "" {
		return nil
	}
	err := m.Access(p.Folder)
	switch {
	case err == nil:
	case ofService(p.Folder):
		return []Finding{ok("record", "%s belongs to the service", p.Folder)}
	default: // Folder may be one above the folder to create, such as /var: do not suggest to change its owner
		return []Finding{{"record", Problem, fmt.Sprintf("%s: %v", p.Folder, err), "another folder for --record, one that this user may write to"}}
	}
	return []Finding{ok("record", "%s can be written", p.Folder)}
}

// networkTimeout limits the test of the broker.
const networkTimeout = 10 * time.Second

// checkBroker connects to the MQTT broker.
func checkBroker(ctx context.Context, _ *Machine, p *Plan) []Finding {
	if p.Broker == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, networkTimeout)
	defer cancel()
	address, err := p.Broker(ctx)
	if err != nil {
		return []Finding{{"mqtt", Problem, strings.TrimPrefix(fmt.Sprintf("%s: %v", address, err), ": "), "check that the broker runs, its address, and the network; edge run retries until it works"}}
	}
	return []Finding{ok("mqtt", "%s accepts this client", address)}
}

// checkSelf classifies the test card.
func checkSelf(ctx context.Context, _ *Machine, p *Plan) []Finding {
	const name = "self-test"
	s, err := p.SelfTest(ctx)
	if err != nil {
		return []Finding{{name, Problem, err.Error(), "edge info --model NAME shows what is in the file"}}
	}
	line := fmt.Sprintf("%s, %s kernels, %d threads: %.1f ms a frame, loaded in %.0f ms; %d of %d answers are right",
		s.Network, s.Kernels, s.Threads, ms(s.Infer), ms(s.Load), s.Right, s.Frames)
	switch s.Right {
	case s.Frames:
		return []Finding{ok(name, "%s", line)}
	case 0:
		return []Finding{{name, Problem, line, "a custom network that does not know these scenes is fine; otherwise copy edge again: the file may be damaged"}}
	}
	return []Finding{{name, Warning, line, "a custom network that does not know these scenes is fine"}}
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
