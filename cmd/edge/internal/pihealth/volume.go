package pihealth

import (
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Volume is the file system of a folder.
type Volume struct {
	Folder string `json:"folder"`
	Free   int64  `json:"free_bytes"` // for users without privileges
	Total  int64  `json:"total_bytes"`
	// ReadOnly reports whether the file system can only be read although it is meant to be
	// written. The kernel makes a damaged one read-only.
	ReadOnly bool `json:"read_only,omitempty"`
}

// Reader reads the state of a machine.
type Reader struct {
	Root    fs.FS    // its root directory
	Folders []string // absolute paths, whose volumes are reported

	// Space returns the free and the total bytes of the file system of a folder.
	Space func(folder string) (free, total int64, err error)
}

// Read reads the state. Of several folders on one file system it reports only the first.
func (r Reader) Read() State {
	s := Read(r.Root)
	mounts := readMounts(r.Root)
	var points []string
	for _, folder := range r.Folders {
		m := mountOf(mounts, folder)
		free, total, err := r.Space(folder)
		if err != nil || total <= 0 || m.point != "" && slices.Contains(points, m.point) {
			continue
		}
		points = append(points, m.point)
		s.Volumes = append(s.Volumes, Volume{Folder: folder, Free: free, Total: total, ReadOnly: m.readOnly && !meantReadOnly(r.Root, m)})
	}
	return s
}

const (
	mountsFile = "proc/self/mountinfo"
	fstabFile  = "etc/fstab"
)

// mount is a mounted file system.
type mount struct {
	point    string // absolute path
	kind     string // such as ext4
	readOnly bool   // the file system itself, not only this mount of it
}

// readMounts reads /proc/self/mountinfo, which proc_pid_mountinfo(5) describes:
//
//	36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root ro,errors=continue
//
// The options at the end are those of the file system. Those in the middle belong to one
// mount: systemd's sandbox makes that read-only on a healthy card.
func readMounts(root fs.FS) []mount {
	data, err := fs.ReadFile(root, mountsFile)
	if err != nil {
		return nil
	}
	var list []mount
	for line := range strings.Lines(string(data)) {
		words := strings.Fields(line)
		dash := slices.Index(words, "-")
		if dash < 6 || len(words) < dash+4 {
			continue
		}
		list = append(list, mount{
			point:    unescape(words[4]),
			kind:     words[dash+1],
			readOnly: slices.Contains(strings.Split(words[dash+3], ","), "ro"),
		})
	}
	return list
}

// unescape replaces the kernel's escapes of space, tab, newline and backslash, such as \040.
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+4 <= len(s) {
			if v, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(v))
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// mountOf returns the mount that holds a folder: the longest mount point, and of several
// at the same point the last, which covers the others.
func mountOf(mounts []mount, folder string) mount {
	var best mount
	for _, m := range mounts {
		if within(folder, m.point) && len(m.point) >= len(best.point) {
			best = m
		}
	}
	return best
}

func within(folder, point string) bool {
	return point == "/" || folder == point || strings.HasPrefix(folder, point+"/")
}

// readOnlyKinds are the file systems that cannot be written.
var readOnlyKinds = []string{"squashfs", "erofs", "iso9660", "cramfs", "romfs"}

// meantReadOnly reports whether a mount is read-only on purpose: by its kind or by
// /etc/fstab, see fstab(5).
func meantReadOnly(root fs.FS, m mount) bool {
	if slices.Contains(readOnlyKinds, m.kind) {
		return true
	}
	data, err := fs.ReadFile(root, fstabFile)
	if err != nil {
		return false
	}
	for line := range strings.Lines(string(data)) {
		words := strings.Fields(line)
		if len(words) >= 4 && !strings.HasPrefix(words[0], "#") && path.Clean(unescape(words[1])) == m.point {
			return slices.Contains(strings.Split(words[3], ","), "ro")
		}
	}
	return false
}
