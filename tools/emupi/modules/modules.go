// Package modules finds Linux kernel modules in a folder and says which ones
// must be loaded before which. Debian's packages hold no modules.dep, which is
// made where they are installed; but each module names what it depends on in
// its section .modinfo.
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

// Tree is the modules below a folder: paths by names.
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

// nameOf is the name of the module in a file. The kernel takes a minus in a
// file's name and an underscore for the same.
func nameOf(path string) (string, bool) {
	base := strings.TrimSuffix(filepath.Base(path), ".xz")
	name, ok := strings.CutSuffix(base, ".ko")
	return strings.ReplaceAll(name, "-", "_"), ok
}

// Read reads a module. Some releases of Debian compress them.
func (t Tree) Read(name string) ([]byte, error) {
	path, ok := t[name]
	if !ok {
		return nil, fmt.Errorf("there is no kernel module %s", name)
	}
	if strings.HasSuffix(path, ".xz") {
		return exec.Command("xz", "-dc", path).Output()
	}
	return os.ReadFile(path)
}

// Order lists modules and all that they depend on in an order in which they
// can be loaded.
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

// order sorts names and what they depend on, each after what it depends on.
func order(names []string, depends func(string) ([]string, error)) ([]string, error) {
	var sorted []string
	begun, ended := map[string]bool{}, map[string]bool{}
	var visit func(string) error
	visit = func(name string) error {
		switch {
		case ended[name]:
			return nil
		case begun[name]:
			return fmt.Errorf("kernel module %s depends on itself", name)
		}
		begun[name] = true
		list, err := depends(name)
		if err != nil {
			return err
		}
		for _, d := range list {
			if err := visit(d); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		ended[name] = true
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

// depends is what a module says that it depends on.
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

// dependsOf reads a section .modinfo: strings "key=value", each ended by a
// zero byte; the value of "depends" is a list with commas.
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
