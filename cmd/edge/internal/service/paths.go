package service

import (
	"errors"
	"fmt"
	"path"
	"strings"
)

// hiddenDirs are the folders that the unit hides from the service (ProtectHome=yes,
// PrivateTmp=yes).
var hiddenDirs = []string{"/home", "/root", "/run/user", "/tmp", "/var/tmp"}

// secretsOfService is the folder of the files of secretsDir that the service sees.
const (
	credentials      = "/run/credentials"
	secretsOfService = credentials + "/" + Name + ".service"
)

// CheckPath returns why the service cannot use the file or folder at a path, and where to
// put it.
func CheckPath(name string) error {
	if !path.IsAbs(name) {
		return errors.New("the service needs an absolute path")
	}
	for _, dir := range hiddenDirs {
		if inside(name, dir) {
			return fmt.Errorf("%s: the service cannot see %s: move it to %s, or to %s if the service writes it", name, dir, configDir, stateDir)
		}
	}
	if inside(name, credentials) && !inside(name, secretsOfService) {
		return fmt.Errorf("%s: the secrets of the service are in %s", name, secretsOfService)
	}
	return nil
}

// CheckRecord is CheckPath for the folder of pictures, which the service writes.
func CheckRecord(name string) error {
	if path.IsAbs(name) && !inside(name, stateDir) {
		return fmt.Errorf("%s: the service may write only to %s", name, stateDir)
	}
	return CheckPath(name)
}

// inside reports whether a path is a folder or below it.
func inside(name, dir string) bool { return strings.HasPrefix(path.Clean(name)+"/", dir+"/") }

// Adapted reports whether the unit of Install has been extended, for example by "systemctl
// edit". The service may then see and write to other folders.
func (s *System) Adapted() bool { return s.exists(unitPath + ".d") }
