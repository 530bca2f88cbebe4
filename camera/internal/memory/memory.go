// Package memory reports how much memory this process may still take before
// the system runs out of it.
package memory

import (
	"bytes"
	"io/fs"
	"math"
	"os"
	"path"
	"strconv"
	"strings"
)

// Available returns the number of bytes that can be allocated without swapping: by
// the kernel's estimate, or what is left of the limit of the process's control
// group if that is less. It returns false where the system does not report it.
func Available() (bytes int64, ok bool) { return available(os.DirFS("/")) }

func available(root fs.FS) (int64, bool) {
	free := int64(math.MaxInt64)
	if n, ok := field(root, "proc/meminfo", "MemAvailable:"); ok {
		free = n << 10 // "kB" of /proc/meminfo are KiB
	}
	groups, _ := fs.ReadFile(root, "proc/self/cgroup") // none without control groups
	for line := range strings.Lines(string(groups)) {
		_, rest, _ := strings.Cut(strings.TrimSpace(line), ":")
		controllers, group, _ := strings.Cut(rest, ":")
		switch {
		case controllers == "": // version 2
			free = min(free, left(root, "sys/fs/cgroup", group, version2))
		case strings.Contains(","+controllers+",", ",memory,"):
			free = min(free, left(root, "sys/fs/cgroup/memory", group, version1))
		}
	}
	return max(free, 0), free != math.MaxInt64
}

// groupFiles are names of the files of a control group.
type groupFiles struct{ limit, usage, cache string }

// The files are described in the kernel's documents cgroup-v2 and cgroup-v1/memory.
// The cache is the part of the usage that the kernel can free first.
var (
	version1 = groupFiles{"memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"}
	version2 = groupFiles{"memory.max", "memory.current", "inactive_file"}
)

// left returns what is left of the limits of a group and of all groups above it. A
// container sees its own group as the root.
func left(root fs.FS, mount, group string, files groupFiles) int64 {
	free := int64(math.MaxInt64)
	for group = path.Clean("/" + group); ; group = path.Dir(group) {
		dir := mount + strings.TrimSuffix(group, "/")
		limit, limited := number(root, dir+"/"+files.limit)
		usage, ok := number(root, dir+"/"+files.usage)
		if limited && ok {
			cache, _ := field(root, dir+"/memory.stat", files.cache)
			free = min(free, limit-usage+cache)
		}
		if group == "/" {
			return free
		}
	}
}

// number reads a file that holds a number; anything else, such as "max", yields
// false.
func number(root fs.FS, name string) (int64, bool) {
	text, err := fs.ReadFile(root, name)
	if err != nil {
		return 0, false
	}
	n, err := strconv.ParseInt(string(bytes.TrimSpace(text)), 10, 64)
	return n, err == nil
}

// field reads the number after a name at the start of a line.
func field(root fs.FS, file, name string) (int64, bool) {
	text, err := fs.ReadFile(root, file)
	if err != nil {
		return 0, false
	}
	for line := range strings.Lines(string(text)) {
		if words := strings.Fields(line); len(words) > 1 && words[0] == name {
			n, err := strconv.ParseInt(words[1], 10, 64)
			return n, err == nil
		}
	}
	return 0, false
}
