package doctor

import (
	"context"
	"strings"
)

// unit is the name of the systemd service.
const unit = "halfmeg.service"

// unitFolders are the folders of unit files, in systemd's order of precedence.
var unitFolders = []string{"etc/systemd/system/", "run/systemd/system/", "usr/lib/systemd/system/", "lib/systemd/system/"}

// running reports whether the service runs: its control group has processes.
func (m *Machine) running() bool {
	return m.text("sys/fs/cgroup/system.slice/"+unit+"/cgroup.procs") != ""
}

// checkService checks the systemd service.
func checkService(_ context.Context, m *Machine, _ *Plan) []Finding {
	const name = "service"
	installed := ""
	for _, folder := range unitFolders {
		if m.exists(folder + unit) {
			installed = "/" + folder + unit
			break
		}
	}
	enabled := m.exists("etc/systemd/system/multi-user.target.wants/" + unit)
	switch running := m.running(); {
	case installed == "" && !m.exists("run/systemd/system"):
		return nil // another init system
	case installed == "":
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
