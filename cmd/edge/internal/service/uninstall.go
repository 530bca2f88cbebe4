package service

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
)

// Uninstall stops the service and removes what Install has written. A file that has
// changed since, a folder with other files, and what the service has recorded remain; a
// changed unit is renamed.
func (s *System) Uninstall() error {
	if err := s.check(); err != nil {
		return err
	}
	m, err := s.readManifest()
	if err != nil {
		return err
	}
	if len(m.Files) == 0 {
		return s.notInstalled()
	}
	var steps []step
	const unit = Name + ".service"
	if s.exists(unitPath) {
		steps = append(steps, s.systemctl(s.disable(unit)...))
	}
	shared := s.packaged()
	for _, name := range slices.Sorted(maps.Keys(m.Files)) {
		if shared && name == configPath {
			steps = append(steps, s.keepShared(name))
			continue
		}
		one, err := s.remove(m, name)
		if err != nil {
			return err
		}
		steps = append(steps, one...)
	}
	if s.Root == "" {
		steps = append(steps, s.systemctl("daemon-reload"))
	}
	steps = append(steps, step{"remove " + s.at(manifestPath), func() error { return os.Remove(s.at(manifestPath)) }})
	if err := s.perform(append(steps, s.removeDirs(m, steps)...)); err != nil {
		return err
	}
	if s.exists(stateDir) {
		fmt.Fprintf(s.Out, "keep %s and %s: recordings of the service\n", s.at(stateDir), s.at(privateStateDir))
	}
	return nil
}

// privateStateDir is what stateDir links to, because the unit has DynamicUser=yes.
const privateStateDir = "/var/lib/private/" + Name

// disable returns the arguments of systemctl that stop the service and keep it from
// starting.
func (s *System) disable(unit string) []string {
	if s.Root != "" {
		return []string{"disable", unit}
	}
	return []string{"disable", "--now", unit}
}

func (s *System) notInstalled() error {
	if s.packaged() {
		return errors.New("edge install has installed nothing here; the service is that of the package halfmeg: sudo apt remove halfmeg")
	}
	return errors.New("edge install has installed nothing here")
}

// packaged reports whether the Debian package is installed.
func (s *System) packaged() bool { return slices.ContainsFunc(packageUnits, s.exists) }

// keepShared returns the step that keeps a file or folder that the package's service needs.
func (s *System) keepShared(name string) step {
	return step{"keep " + s.at(name) + ": the package halfmeg uses it", func() error { return nil }}
}

// remove returns the step that removes a file, or says why it stays. A changed unit gets
// another name: its program goes, and the service of the package does not start while it has
// this name.
func (s *System) remove(m *manifest, name string) ([]step, error) {
	if !s.exists(name) {
		return nil, nil
	}
	hash, err := s.currentHash(name)
	switch {
	case err != nil:
		return nil, err
	case m.wrote(name, hash):
		return []step{{"remove " + s.at(name), func() error { return os.Remove(s.at(name)) }}}, nil
	case name == unitPath:
		return []step{s.keepOld(name)}, nil
	}
	return []step{{"keep " + s.at(name) + ": it has been changed", func() error { return nil }}}, nil
}

// removeDirs returns the steps that remove the folders which are empty after the steps
// before.
func (s *System) removeDirs(m *manifest, before []step) []step {
	var gone []string // texts of removals
	for _, one := range before {
		gone = append(gone, one.text)
	}
	var steps []step
	shared := s.packaged()
	for _, dir := range slices.Backward(m.Dirs) {
		if shared && (dir == configDir || dir == secretsDir) {
			steps = append(steps, s.keepShared(dir))
			continue
		}
		entries, err := os.ReadDir(s.at(dir))
		if err != nil {
			continue // it is gone
		}
		rest := slices.DeleteFunc(entries, func(e fs.DirEntry) bool {
			return slices.Contains(gone, "remove "+s.at(path.Join(dir, e.Name())))
		})
		if len(rest) > 0 {
			steps = append(steps, step{"keep " + s.at(dir) + ": it has other files", func() error { return nil }})
			continue
		}
		gone = append(gone, "remove "+s.at(dir))
		steps = append(steps, step{"remove " + s.at(dir), func() error { return os.Remove(s.at(dir)) }})
	}
	return steps
}
