package service

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
)

// machine is the processor that an ELF file is for: the first bytes of its header (System V
// ABI, ELF header), which are its class (32 or 64 bits), byte order and e_machine.
type machine struct {
	class, order byte
	number       uint16
}

// machineNames are the names of Go, as in those of the programs of a release.
var machineNames = map[machine]string{
	{2, 1, 183}: "arm64",
	{2, 1, 62}:  "amd64",
	{2, 1, 243}: "riscv64",
	{1, 1, 40}:  "armv6 or armv7",
	{1, 1, 3}:   "386",
}

func (m machine) String() string {
	if name := machineNames[m]; name != "" {
		return name
	}
	return fmt.Sprintf("ELF machine %d", m.number)
}

// errNoELF means that a file is not an ELF file.
var errNoELF = errors.New("not a program for Linux")

// readMachine reads the header of an ELF file.
func readMachine(r io.Reader) (machine, error) {
	var header [20]byte
	if _, err := io.ReadFull(r, header[:]); err != nil || !bytes.HasPrefix(header[:], []byte("\x7fELF")) {
		return machine{}, errNoELF
	}
	var order binary.ByteOrder = binary.LittleEndian
	if header[5] == 2 {
		order = binary.BigEndian
	}
	return machine{class: header[4], order: header[5], number: order.Uint16(header[18:])}, nil
}

// systemPrograms are programs of every Linux system. Without a merged /usr, sh is not in
// /usr/bin.
var systemPrograms = []string{"usr/bin/env", "bin/sh"}

// machine returns the processor of the system in Root; ok is false if it has none of
// systemPrograms. It follows no link that leads out of Root.
func (s *System) machine() (m machine, ok bool) {
	for _, name := range systemPrograms {
		f, err := os.OpenInRoot(s.Root, name)
		if err != nil {
			continue
		}
		m, err = readMachine(f)
		_ = f.Close() // it was only read
		if err == nil {
			return m, true
		}
	}
	return machine{}, false
}

// checkMachine returns an error if the program cannot run in the system in Root.
func (i *Install) checkMachine() error {
	if i.Root == "" {
		return nil
	}
	system, ok := i.machine()
	if !ok {
		return nil
	}
	f, err := os.Open(i.Program)
	if err != nil {
		return err
	}
	defer f.Close()
	switch program, err := readMachine(f); {
	case err != nil:
		return fmt.Errorf("%s: %w", i.Program, err)
	case program != system:
		return fmt.Errorf("%s is a program for %v, but the system in %s is for %v: add --program FILE with a program for that",
			i.Program, program, i.Root, system)
	}
	return nil
}
