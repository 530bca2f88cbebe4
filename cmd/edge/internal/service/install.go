package service

import (
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"

	"halfmeg/internal/atomicfile"
)

// Install describes an installation.
type Install struct {
	System
	Program string   // path of the program to install
	Args    []string // flags of run; without any, run reads its configuration file

	manifest *manifest
	steps    []step
}

// newFile is a file to write.
type newFile struct {
	path  string
	perm  os.FileMode
	hash  string
	write func(io.Writer) error
}

// Do installs the service and starts it. It may be repeated, with another version of the
// program or other flags.
func (i *Install) Do() error {
	if err := i.check(); err != nil {
		return err
	}
	if err := i.CheckPackage(); err != nil {
		return err
	}
	if err := i.checkMachine(); err != nil {
		return err
	}
	files, unit, err := i.plan()
	if err != nil {
		return err
	}
	dirs := i.dirs(files)
	old, err := i.prepareManifest(files, dirs)
	if err != nil {
		return err
	}
	i.addSteps(old, files, dirs)
	if err := i.perform(i.steps); err != nil {
		return err
	}
	switch {
	case i.DryRun:
		fmt.Fprintf(i.Out, "\nNothing was changed. The unit would be:\n\n%s", unit)
	case i.Root != "":
		fmt.Fprintln(i.Out, "The service starts with that system.")
	default:
		fmt.Fprintln(i.Out, "The service runs, and starts with the system: systemctl status edge, journalctl -u edge")
	}
	return nil
}

// CheckPackage returns an error if the Debian package is installed, which has its own service.
func (s *System) CheckPackage() error {
	for _, unit := range packageUnits {
		if s.exists(unit) {
			return fmt.Errorf("the package halfmeg is installed and has a service, %s: "+
				"use that (sudo systemctl enable --now halfmeg), or remove the package first (sudo apt remove halfmeg)", s.at(unit))
		}
	}
	return nil
}

// plan returns the files to write, and the text of the unit.
func (i *Install) plan() (files []newFile, unit string, err error) {
	if i.manifest, err = i.readManifest(); err != nil {
		return nil, "", err
	}
	program, err := i.program()
	if err != nil {
		return nil, "", err
	}
	groups, err := i.groups()
	if err != nil {
		return nil, "", err
	}
	if i.exists(unitPath) && !i.manifest.has(unitPath) {
		return nil, "", fmt.Errorf("%s exists, and edge install has not written it: remove it or rename it first", i.at(unitPath))
	}
	if len(i.Args) == 0 && !i.exists(configPath) {
		files = append(files, textFile(configPath, Config(Name)))
	}
	if program != nil {
		files = append(files, *program)
	}
	unit = Unit{
		Name:    Name,
		Command: append([]string{programPath, "run", "--events"}, i.Args...),
		Groups:  groups,
	}.Text()
	return append(files, textFile(unitPath, unit)), unit, nil
}

func textFile(name, text string) newFile {
	return newFile{name, 0o644, hashText(text), func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	}}
}

// program returns the copy of the program to write; nil if the program runs from where it
// would be.
func (i *Install) program() (*newFile, error) {
	source, err := filepath.EvalSymlinks(i.Program)
	if err != nil {
		return nil, err
	}
	target := i.at(programPath)
	if running, err := os.Stat(source); err != nil {
		return nil, err
	} else if installed, err := os.Stat(target); err == nil && os.SameFile(running, installed) {
		return nil, nil
	}
	hash, err := hashFile(source)
	if err != nil {
		return nil, err
	}
	if i.exists(programPath) && !i.manifest.has(programPath) {
		if installed, err := hashFile(target); err != nil || installed != hash {
			return nil, fmt.Errorf("%s is another program, and edge install has not written it: remove it or rename it first", target)
		}
		return nil, nil
	}
	return &newFile{programPath, 0o755, hash, func(w io.Writer) error {
		f, err := os.Open(source)
		if err != nil {
			return err
		}
		defer f.Close()
		_, err = io.Copy(w, f)
		return err
	}}, nil
}

// dirs returns the missing folders, outer ones first.
func (i *Install) dirs(files []newFile) []string {
	dirs := i.missingDirs(path.Dir(manifestPath))
	for _, f := range files {
		dirs = append(dirs, i.missingDirs(path.Dir(f.path))...)
	}
	dirs = append(dirs, i.missingDirs(secretsDir)...)
	var unique []string
	for _, dir := range dirs {
		if !slices.Contains(unique, dir) {
			unique = append(unique, dir)
		}
	}
	return unique
}

// prepareManifest adds what this installation writes, and returns the steps that keep the files
// that have been changed since the last one. Files of an earlier installation that are not
// written again remain listed.
func (i *Install) prepareManifest(files []newFile, dirs []string) (old []step, err error) {
	for _, f := range files {
		hash, err := i.currentHash(f.path)
		if err != nil {
			return nil, err
		}
		switch {
		case !i.exists(f.path) || hash == f.hash:
		case i.manifest.wrote(f.path, hash):
			i.manifest.Replaced[f.path] = hash
		default:
			old = append(old, i.keepOld(f.path))
		}
		i.manifest.Files[f.path] = f.hash
	}
	i.manifest.addDirs(dirs)
	return old, nil
}

func (i *Install) addSteps(old []step, files []newFile, dirs []string) {
	for _, dir := range dirs {
		perm := os.FileMode(0o755)
		if dir == secretsDir {
			perm = 0o700
		}
		i.add("create the folder "+i.at(dir), func() error { return os.Mkdir(i.at(dir), perm) })
		if dir == path.Dir(manifestPath) {
			i.addManifest()
		}
	}
	if !slices.Contains(dirs, path.Dir(manifestPath)) {
		i.addManifest()
	}
	i.steps = append(i.steps, old...)
	for _, f := range files {
		text := "write " + i.at(f.path)
		if f.path == programPath {
			text = fmt.Sprintf("copy %s to %s", i.Program, i.at(f.path))
		}
		i.add(text, func() error { return atomicfile.Write(i.at(f.path), f.perm, f.write) })
	}
	const unit = Name + ".service"
	if i.Root != "" {
		i.steps = append(i.steps, i.systemctl("enable", unit))
		return
	}
	i.steps = append(i.steps, i.systemctl("daemon-reload"), i.systemctl("enable", unit), i.systemctl("restart", unit))
}

func (i *Install) addManifest() {
	i.add("write "+i.at(manifestPath), func() error { return i.writeManifest(i.manifest) })
}

func (i *Install) add(text string, do func() error) { i.steps = append(i.steps, step{text, do}) }
