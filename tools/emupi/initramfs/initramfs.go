// Package initramfs writes the files that a Linux kernel unpacks as its first
// root: a cpio archive in the "newc" format, as the kernel's
// Documentation/driver-api/early-userspace/buffer-format.rst describes it. It
// is not compressed: an emulated processor would need seconds to expand it.
package initramfs

import (
	"fmt"
	"io"
	"path"
	"strings"
)

// Types of an archive's entry, the upper bits of its mode.
const (
	directory = 0o040000
	device    = 0o020000
	regular   = 0o100000
)

// Writer writes an archive. The first error stays and is returned by Close.
type Writer struct {
	out   io.Writer
	made  map[string]bool // directories
	inode int
	err   error
}

// NewWriter starts an archive.
func NewWriter(w io.Writer) *Writer { return &Writer{out: w, made: map[string]bool{}} }

// File adds a file with its permission bits, and the directories above it
// that are not there yet. Names are full paths.
func (w *Writer) File(name string, permissions int, data []byte) {
	w.parents(name)
	w.entry(name, regular|permissions, 0, 0, data)
}

// CharDevice adds a character device that root may use.
func (w *Writer) CharDevice(name string, major, minor int) {
	w.parents(name)
	w.entry(name, device|0o600, major, minor, nil)
}

// Close ends the archive and returns the first error there was.
func (w *Writer) Close() error {
	w.entry("TRAILER!!!", 0, 0, 0, nil)
	return w.err
}

func (w *Writer) parents(name string) {
	dir := path.Dir(path.Clean("/" + name))
	if dir == "/" || w.made[dir] {
		return
	}
	w.made[dir] = true
	w.parents(dir)
	w.entry(dir, directory|0o755, 0, 0, nil)
}

// entry writes a header of fixed width in hexadecimal digits, the name with a
// zero byte, and the data; the last two are filled up to multiples of four.
func (w *Writer) entry(name string, mode, major, minor int, data []byte) {
	if int64(len(data)) > 1<<32-1 {
		w.fail(fmt.Errorf("%s: %d bytes are too many for an initramfs", name, len(data)))
		return
	}
	name = strings.TrimPrefix(path.Clean(name), "/")
	w.inode++
	header := "070701"
	for _, field := range []int{
		w.inode, mode, 0, 0, // user and group: root
		1, 0, len(data), // links, time
		0, 0, major, minor, // of the disk, of the device
		len(name) + 1, 0, // no checksum
	} {
		header += fmt.Sprintf("%08X", field)
	}
	w.padded([]byte(header + name + "\x00"))
	w.padded(data)
}

func (w *Writer) padded(data []byte) {
	w.write(data)
	w.write(make([]byte, -len(data)&3))
}

func (w *Writer) write(data []byte) {
	if w.err == nil {
		_, err := w.out.Write(data)
		w.fail(err)
	}
}

func (w *Writer) fail(err error) {
	if w.err == nil {
		w.err = err
	}
}
