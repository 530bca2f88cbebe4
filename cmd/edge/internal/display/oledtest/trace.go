package oledtest

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// Replay reads QEMU's trace of the events i2c_*, and passes each transfer to the device
// at an address on: with the bytes that were written, none for a read. The trace has a
// line for each event, such as
//
//	i2c_event start(addr:0x3c)
//	i2c_send send(addr:0x3c) data:0x00
//	i2c_event finish(addr:0x3c)
//
// perhaps after a process number and a time.
func Replay(trace io.Reader, address int, transfer func([]byte) error) error {
	lines := bufio.NewScanner(trace)
	var bytes []byte
	open := false
	for n := 1; lines.Scan(); n++ {
		_, event, ok := strings.Cut(lines.Text(), "i2c_")
		if !ok {
			continue
		}
		var to, data int
		switch {
		case scan(event, "event start(addr:0x%x)", &to):
			open, bytes = to == address, nil
		case scan(event, "send send(addr:0x%x) data:0x%x", &to, &data):
			if open && to == address {
				bytes = append(bytes, byte(data))
			}
		case scan(event, "event finish(addr:0x%x)", &to):
			if !open {
				continue
			}
			open = false
			if err := transfer(bytes); err != nil {
				return fmt.Errorf("line %d of the trace: %w", n, err)
			}
		}
	}
	return lines.Err()
}

func scan(text, format string, values ...any) bool {
	n, err := fmt.Sscanf(text, format, values...)
	return err == nil && n == len(values)
}
