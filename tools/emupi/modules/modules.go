// Package modules finds Linux kernel modules in a folder and sorts them in load
// order. Debian's packages have no modules.dep, which is generated on
// installation, but each module names its dependencies in its section
// .modinfo.
package modules

import (
	"bytes"
	"debug/elf"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Tree maps the names of modules below a folder to their paths.
type Tree map[string]string

// Open finds the modules below a folder.
func Open(dir string) (Tree, error) {
	t := Tree{}
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if name, ok := nameOf(path); ok {
			t[name] = path
		}
		return err
	})
	return t, err
}

// nameOf returns the name of the module in a file. The kernel treats "-" in
// file names as "_".
func nameOf(path string) (string, bool) {
	base := strings.TrimSuffix(filepath.Base(path), ".xz")
	name, ok := strings.CutSuffix(base, ".ko")
	return strings.ReplaceAll(name, "-", "_"), ok
}

// Read reads a module. Some releases of Debian compress them.
func (t Tree) Read(name string) ([]byte, error) {
	path, ok := t[name]
	if !ok {
		return nil, fmt.Errorf("no such kernel module: %s", name)
	}
	if strings.HasSuffix(path, ".xz") {
		return exec.Command("xz", "-dc", path).Output()
	}
	return os.ReadFile(path)
}

// Order lists modules and their dependencies in load order.
func (t Tree) Order(names ...string) ([]string, error) {
	return order(names, func(name string) ([]string, error) {
		data, err := t.Read(name)
		if err != nil {
			return nil, err
		}
		list, err := depends(data)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", t[name], err)
		}
		return list, nil
	})
}

// order sorts names and their dependencies topologically.
func order(names []string, depends func(string) ([]string, error)) ([]string, error) {
	var sorted []string
	entered, done := map[string]bool{}, map[string]bool{}
	var visit func(string) error
	visit = func(name string) error {
		switch {
		case done[name]:
			return nil
		case entered[name]:
			return fmt.Errorf("kernel module %s depends on itself", name)
		}
		entered[name] = true
		list, err := depends(name)
		if err != nil {
			return err
		}
		for _, d := range list {
			if err := visit(d); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		done[name] = true
		sorted = append(sorted, name)
		return nil
	}
	for _, name := range names {
		if err := visit(name); err != nil {
			return nil, err
		}
	}
	return sorted, nil
}

// depends returns the dependencies that a module declares.
func depends(module []byte) ([]string, error) {
	file, err := elf.NewFile(bytes.NewReader(module))
	if err != nil {
		return nil, err
	}
	section := file.Section(".modinfo")
	if section == nil {
		return nil, fmt.Errorf("not a kernel module: no section .modinfo")
	}
	info, err := section.Data()
	if err != nil {
		return nil, err
	}
	return dependsOf(info), nil
}

// dependsOf parses a section .modinfo: zero-terminated strings "key=value". The
// value of "depends" is a comma-separated list.
func dependsOf(info []byte) []string {
	for pair := range strings.SplitSeq(string(info), "\x00") {
		value, ok := strings.CutPrefix(pair, "depends=")
		if !ok || value == "" {
			continue
		}
		return strings.Split(strings.ReplaceAll(value, "-", "_"), ",")
	}
	return nil
}
