//go:build amd64 || arm64

package v4l2

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"halfmeg/camera/internal/deviceerr"
)

// unsupported returns an error that retrying does not fix: the device cannot do
// what the configuration asks for.
func (d *device) unsupported(format string, args ...any) error {
	return deviceerr.New(d.path, fmt.Sprintf(format, args...), deviceerr.ErrPermanent)
}

// explain rewords an operating system error: what is wrong and what to do.
// Close the device before explaining EBUSY: holders looks for the processes
// that have it open.
func explain(path, action string, err error) error {
	if known := (*deviceerr.Error)(nil); errors.As(err, &known) {
		return err
	}
	var problem string
	switch {
	case errors.Is(err, unix.ENODEV) || errors.Is(err, unix.ENXIO) || errors.Is(err, unix.ENOENT):
		problem = "camera not found: plug it in, or choose another from the list of cameras"
	case errors.Is(err, unix.EBUSY):
		problem = "in use by " + holders(path) + ": stop it first"
	case errors.Is(err, unix.EACCES) || errors.Is(err, unix.EPERM):
		problem = "no permission: " + permission(path)
	case errors.Is(err, unix.ENOSPC):
		problem = "not enough USB bandwidth: ask for a smaller size, a lower rate or MJPG, or unplug other devices"
	case errors.Is(err, unix.ENOTTY):
		problem, err = "not a video device", errors.Join(err, deviceerr.ErrPermanent)
	case errors.Is(err, unix.EMFILE) || errors.Is(err, unix.ENFILE):
		problem = "too many open files"
	default:
		problem = fmt.Sprintf("%s: %v", action, err)
	}
	return deviceerr.New(path, problem, err)
}

// holders names the processes that have the file open, as far as this process
// may see. It leaves out this process, which has just opened the file, unless
// there is no other.
func holders(path string) string {
	found := openers("/proc", path)
	self := fmt.Sprintf("process %d ", os.Getpid())
	if others := slices.DeleteFunc(slices.Clone(found), func(f string) bool { return strings.HasPrefix(f, self) }); len(others) > 0 {
		found = others
	}
	if len(found) == 0 {
		return fmt.Sprintf("a process that only root can see (sudo fuser -v %s)", path)
	}
	return strings.Join(found, " and ")
}

// openers lists the processes below proc that have the file open, each as
// "process 123 (its name)".
func openers(proc, path string) []string {
	if resolved, err := filepath.EvalSymlinks(path); err == nil {
		path = resolved
	}
	var found []string
	links, _ := filepath.Glob(filepath.Join(proc, "[0-9]*", "fd")) // the pattern is valid
	for _, directory := range links {
		if !hasOpen(directory, path) {
			continue
		}
		process := filepath.Dir(directory)
		name, err := os.ReadFile(filepath.Join(process, "comm"))
		if err != nil {
			continue // the process has just ended
		}
		found = append(found, fmt.Sprintf("process %s (%s)", filepath.Base(process), strings.TrimSpace(string(name))))
	}
	return found
}

// hasOpen reports whether one of the descriptors in a directory of /proc refers
// to the file.
func hasOpen(directory, path string) bool {
	descriptors, err := os.ReadDir(directory)
	if err != nil {
		return false // another user's process
	}
	for _, d := range descriptors {
		if target, err := os.Readlink(filepath.Join(directory, d.Name())); err == nil && target == path {
			return true
		}
	}
	return false
}

// permission explains who may open the file and how the user gets access.
func permission(path string) string {
	info, err := os.Stat(path)
	if err != nil {
		return "its directory cannot be read"
	}
	var stat unix.Stat_t
	if err := unix.Stat(path, &stat); err != nil {
		return "its owner cannot be read"
	}
	if info.Mode()&fs.FileMode(0o060) != 0o060 {
		return fmt.Sprintf("only user %s may open it: use sudo", userName(stat.Uid))
	}
	group := groupName(stat.Gid)
	return fmt.Sprintf("it belongs to group %s: sudo usermod -aG %s $USER, then log in again", group, group)
}

func userName(id uint32) string {
	number := strconv.FormatUint(uint64(id), 10)
	if u, err := user.LookupId(number); err == nil {
		return u.Username
	}
	return number
}

func groupName(id uint32) string {
	number := strconv.FormatUint(uint64(id), 10)
	if g, err := user.LookupGroupId(number); err == nil {
		return g.Name
	}
	return number
}
