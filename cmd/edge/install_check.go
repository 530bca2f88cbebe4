package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"halfmeg/camera"
	"halfmeg/cmd/edge/internal/config"
	"halfmeg/cmd/edge/internal/service"
	"halfmeg/model/pretrained"
)

// checkService checks the flags of run for the service of a system, and the configuration
// file that it would read with them.
func checkService(args []string, system *service.System) error {
	r, command := newRunCommand(nil)
	flags := command.Flags()
	if err := command.ParseFlags(args); err != nil {
		return err
	}
	if rest := flags.Args(); len(rest) > 0 {
		return onlyFlags(rest[0])
	}
	document, err := serviceConfig(r.config, system)
	if err != nil {
		return err
	}
	settings, err := document.Check(flags, r.structured())
	if err != nil {
		return err
	}
	// Everyone can read the flags of a service.
	if secrets := settings.SecretFlags(); len(secrets) > 0 {
		return fmt.Errorf("--%s contains a secret, and everyone can read the flags of a service: "+
			"put the value into the file /etc/halfmeg/secrets/%[1]s, and %[1]s-file: /run/credentials/edge.service/secrets_%[1]s into /etc/halfmeg/config.yaml",
			strings.Join(secrets, ", --"))
	}
	if err := r.checkServiceCamera(settings, len(args) > 0 || document.Path() != ""); err != nil {
		return err
	}
	if system.Adapted() {
		return nil
	}
	return r.checkServicePaths(settings)
}

// serviceConfig reads the configuration file of the service: named, or the one that install
// creates if it does not exist. Others must be able to read it, because the service runs as
// another user.
func serviceConfig(named string, system *service.System) (*config.Document, error) {
	name := named
	if name == "" {
		name = service.ConfigPath
	} else if err := service.CheckPath(name); err != nil && (!path.IsAbs(name) || !system.Adapted()) {
		return nil, fmt.Errorf("--config: %w", err)
	}
	file := filepath.Join(system.Root, name)
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) && named == "" {
		return &config.Document{}, nil
	} else if err != nil {
		return nil, err
	}
	if err := readableByOthers(name, system.Root); err != nil {
		return nil, err
	}
	return config.ReadAs(file, name)
}

// readableByOthers returns an error if other users cannot read a file, or not enter one of its
// folders.
func readableByOthers(name, root string) error {
	need, right := os.FileMode(0o004), "r"
	for ; name != "/"; name = path.Dir(name) {
		info, err := os.Stat(filepath.Join(root, name))
		if err != nil {
			return err
		}
		if info.Mode().Perm()&need == 0 {
			return fmt.Errorf("%s: the service runs as another user and cannot read it: chmod o+%s %[1]s, and move secrets to /etc/halfmeg/secrets", name, right)
		}
		need, right = 0o001, "x"
	}
	return nil
}

// checkServiceCamera checks that the service has cameras. Without flags and file, install
// writes a file with one. The cameras may also be in the file of a secret.
func (r *runCommand) checkServiceCamera(settings *config.Settings, configured bool) error {
	var err error
	switch inFile := len(r.camera.Selected) == 0 && settings.Where("camera") != ""; {
	case !configured || inFile:
	case len(r.camera.Selected) == 0:
		return errors.New("run needs a camera: edge install -- --camera auto, or the line camera: auto in /etc/halfmeg/config.yaml")
	default:
		r.cameras, err = r.camera.Cameras()
	}
	return err
}

// checkServicePaths checks that the service can use each file and folder.
func (r *runCommand) checkServicePaths(settings *config.Settings) error {
	list := settings.Paths()
	if !slices.Contains(pretrained.Names(), r.engine.Model) {
		list = append(list, config.Path{Where: settings.Where("model"), Path: r.engine.Model})
	}
	for _, c := range r.cameras {
		if isFile(c.Address) {
			list = append(list, config.Path{Where: settings.Where("camera"), Path: c.Address})
		}
	}
	record := settings.Where("record")
	for _, p := range list {
		check := service.CheckPath
		if p.Where == record {
			check = service.CheckRecord
		}
		if err := check(p.Path); err != nil {
			return fmt.Errorf("%s: %w", p.Where, err)
		}
	}
	return nil
}

// isFile reports whether a camera is a file or folder. A relative one must exist, because any
// other word is the name of a camera.
func isFile(address string) bool {
	if strings.Contains(address, "://") || address == camera.StandardInput {
		return false
	}
	_, err := os.Stat(address)
	return path.IsAbs(address) || err == nil
}
