package service

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Name is the name of the service that Install installs. The Debian package has another
// one, so that the two have no file in common.
const Name = "edge"

// Paths that Install and the Debian package use.
const (
	unitPath     = "/etc/systemd/system/" + Name + ".service"
	programPath  = "/usr/local/bin/" + Name
	manifestPath = "/usr/local/lib/" + Name + "/installed.json"
	configDir    = "/etc/halfmeg"
	configPath   = configDir + "/config.yaml"
	secretsDir   = configDir + "/secrets"
	stateDir     = "/var/lib/" + Name
)

// Paths of the unit that Install writes, and of the configuration file that the service
// reads.
const (
	UnitPath   = unitPath
	ConfigPath = configPath
)

// packageUnits are the paths of the Debian package's unit, without and with a merged /usr.
var packageUnits = []string{"/usr/lib/systemd/system/halfmeg.service", "/lib/systemd/system/halfmeg.service"}

// DeviceGroups own the devices that edge uses, where they exist.
var DeviceGroups = []string{"video", "render", "i2c", "spi", "gpio"}

// System is the system to change.
type System struct {
	// Root is the folder of a system that is not running, such as a mounted SD card. It is
	// empty for this system.
	Root string

	// Systemctl runs systemctl with these arguments.
	Systemctl func(args ...string) error

	// Out receives a line for each step.
	Out io.Writer

	// DryRun only writes the lines.
	DryRun bool
}

// at returns the path of a file in the system.
func (s *System) at(name string) string { return filepath.Join(s.Root, filepath.FromSlash(name)) }

// exists reports whether there is a file or folder. It follows no link, because a link of
// Root may lead out of it.
func (s *System) exists(name string) bool {
	_, err := os.Lstat(s.at(name))
	return err == nil
}

// check returns why the system cannot be changed.
func (s *System) check() error {
	if s.Root != "" {
		if !s.exists("/etc") {
			return fmt.Errorf("%s is not the root of a Linux system: it has no folder etc", s.Root)
		}
		return nil
	}
	if _, err := os.Stat("/run/systemd/system"); err != nil {
		return errors.New("this system is not run by systemd, and edge has a service only for that")
	}
	if !s.DryRun && os.Geteuid() != 0 {
		return errors.New("only root may do this; put sudo in front of it, or see what it would do with --dry-run")
	}
	return nil
}

// step is a change of the system.
type step struct {
	text string
	do   func() error
}

// perform performs the steps and writes a line for each. It stops at the first error.
func (s *System) perform(steps []step) error {
	for _, one := range steps {
		fmt.Fprintln(s.Out, one.text)
		if s.DryRun {
			continue
		}
		if err := one.do(); err != nil {
			return fmt.Errorf("%s: %w", one.text, err)
		}
	}
	return nil
}

// systemctl returns a step that runs systemctl.
func (s *System) systemctl(args ...string) step {
	if s.Root != "" {
		args = append([]string{"--root=" + s.Root}, args...)
	}
	return step{"systemctl " + strings.Join(args, " "), func() error { return s.Systemctl(args...) }}
}

// groups returns the groups of devices that exist in the system.
func (s *System) groups() ([]string, error) {
	text, err := os.ReadFile(s.at("/etc/group"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var list []string
	for line := range strings.Lines(string(text)) {
		if name, _, ok := strings.Cut(line, ":"); ok && slices.Contains(DeviceGroups, name) {
			list = append(list, name)
		}
	}
	slices.SortFunc(list, func(a, b string) int {
		return slices.Index(DeviceGroups, a) - slices.Index(DeviceGroups, b)
	})
	return slices.Compact(list), nil
}

// missingDirs returns a folder and those above it that do not exist, outer ones first.
func (s *System) missingDirs(dir string) []string {
	var missing []string
	for ; dir != "/" && !s.exists(dir); dir = path.Dir(dir) {
		missing = append(missing, dir)
	}
	slices.Reverse(missing)
	return missing
}
