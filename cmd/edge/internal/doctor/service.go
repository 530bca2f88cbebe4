package doctor

import (
	"context"
	"strings"
)

// units are the names of the systemd service: of edge install and of the Debian package.
// Only one of them is installed.
var units = []string{"edge.service", "halfmeg.service"}

// unitFolders are the folders of unit files, in systemd's order of precedence.
var unitFolders = []string{"etc/systemd/system/", "run/systemd/system/", "usr/lib/systemd/system/", "lib/systemd/system/"}

// service returns the name of the installed service, or "".
func (m *Machine) service() string {
	for _, unit := range units {
		for _, folder := range unitFolders {
			if m.exists(folder + unit) {
				return unit
			}
		}
	}
	return ""
}

// running reports whether the service runs: its control group has processes.
func (m *Machine) running() bool {
	unit := m.service()
	return unit != "" && m.text("sys/fs/cgroup/system.slice/"+unit+"/cgroup.procs") != ""
}

// checkService checks the systemd service.
func checkService(_ context.Context, m *Machine, _ *Plan) []Finding {
	const name = "service"
	unit := m.service()
	enabled := m.exists("etc/systemd/system/multi-user.target.wants/" + unit)
	switch running := m.running(); {
	case unit == "" && !m.exists("run/systemd/system"):
		return nil // another init system
	case unit == "":
		return []Finding{ok(name, "not installed; sudo edge install starts edge with the board")}
	case running && enabled:
		return []Finding{ok(name, "%s is running", unit)}
	case running:
		return []Finding{{name, Warning, unit + " is running, but does not start with the board", "sudo systemctl enable " + unit}}
	case enabled:
		return []Finding{{name, Problem, unit + " is installed, but is not running", "sudo systemctl restart " + unit + "; the reason is in: journalctl -u " + unit + " -n 20"}}
	}
	return []Finding{{name, Warning, unit + " is installed, but is neither enabled nor running", "sudo systemctl enable --now " + unit}}
}

// inUse marks errors of devices that another program has open, see camera/v4l2 and
// camera/rpicam.
const inUse = "in use by"

// byService reports whether an error means that the running service has the device.
func (m *Machine) byService(err error) bool {
	return m.running() && strings.Contains(err.Error(), inUse)
}
