//go:build linux

// Package roi tells an emulator that counts instructions which part of a
// run to count, by two system calls without effect: getpgid(0x5EED0001)
// before it and getpgid(0x5EED0000) after it. No process has these numbers,
// so the calls fail and change nothing.
package roi

import "golang.org/x/sys/unix"

// Begin marks the beginning of the part to count.
func Begin() { _, _ = unix.Getpgid(0x5EED0001) }

// End marks its end.
func End() { _, _ = unix.Getpgid(0x5EED0000) }
