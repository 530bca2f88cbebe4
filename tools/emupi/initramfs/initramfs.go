// Package initramfs writes the archive that a Linux kernel unpacks as its
// initial root file system: cpio in the "newc" format, described in the
// kernel's Documentation/driver-api/early-userspace/buffer-format.rst. It is not
// compressed, because an emulated processor takes seconds to decompress it.
package initramfs

import (
	"fmt"
	"io"
	"path"
	"strings"
)

// File types, the upper bits of the mode of an entry.
const (
	directory = 0o040000
	device    = 0o020000
	regular   = 0o100000
)

// Writer writes an archive. Close returns the first error.
type Writer struct {
	out   io.Writer
	dirs  map[string]bool // written so far
	inode int
	err   error
}

// NewWriter starts an archive.
func NewWriter(w io.Writer) *Writer { return &Writer{out: w, dirs: map[string]bool{}} }

// File adds a file with its permission bits, and its missing parent
// directories. Names are absolute paths.
func (w *Writer) File(name string, permissions int, data []byte) {
	w.parents(name)
	w.entry(name, regular|permissions, 0, 0, data)
}

// CharDevice adds a character device for root.
func (w *Writer) CharDevice(name string, major, minor int) {
	w.parents(name)
	w.entry(name, device|0o600, major, minor, nil)
}

// Close ends the archive and returns the first error.
func (w *Writer) Close() error {
	w.entry("TRAILER!!!", 0, 0, 0, nil)
	return w.err
}

func (w *Writer) parents(name string) {
	dir := path.Dir(path.Clean("/" + name))
	if dir == "/" || w.dirs[dir] {
		return
	}
	w.dirs[dir] = true
	w.parents(dir)
	w.entry(dir, directory|0o755, 0, 0, nil)
}

// entry writes a header of hexadecimal fields, the name with a zero byte, and
// the data. Header with name, and data, are each padded to a multiple of four.
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
