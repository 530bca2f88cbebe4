package main

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// control returns the files of the folder DEBIAN. size is the installed size in kB, sums
// the MD5 of each file by path.
func (b *builder) control(size int, sums map[string]string) ([]file, error) {
	text, err := debian.ReadFile("debian/control")
	if err != nil {
		return nil, err
	}
	fields := strings.NewReplacer("VERSION", b.version, "ARCHITECTURE", b.arch, "SIZE", strconv.Itoa(size)).Replace(string(text))
	var list strings.Builder
	for _, name := range slices.Sorted(maps.Keys(sums)) {
		fmt.Fprintf(&list, "%s  %s\n", sums[name], name)
	}
	files := []file{
		{"/DEBIAN/control", 0o644, []byte(fields)},
		{"/DEBIAN/conffiles", 0o644, []byte("/etc/" + packageName + "/config.yaml\n")},
		{"/DEBIAN/md5sums", 0o644, []byte(list.String())},
	}
	for _, name := range []string{"postinst", "prerm", "postrm"} {
		script, err := debian.ReadFile("debian/" + name)
		if err != nil {
			return nil, err
		}
		files = append(files, file{"/DEBIAN/" + name, 0o755, script})
	}
	return files, nil
}
