//go:build linux

// Package roi marks the region of interest of a run, for emulators that count
// instructions. The marks are two system calls without effect:
// getpgid(0x5EED0001) before the region and getpgid(0x5EED0000) after it. No
// process has these ids, so the calls fail.
package roi

import "golang.org/x/sys/unix"

// Begin marks the start of the region.
func Begin() { _, _ = unix.Getpgid(0x5EED0001) }

// End marks the end of the region.
func End() { _, _ = unix.Getpgid(0x5EED0000) }
