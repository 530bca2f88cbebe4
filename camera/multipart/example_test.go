package multipart_test

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"halfmeg/camera/multipart"
)

// The server counts the leading dashes as a part of the boundary, and sends a length
// with the first part only.
func ExampleReader_Read() {
	const stream = "--frame\r\nContent-Length: 5\r\n\r\nfirst\r\n" +
		"--frame\r\nContent-Type: text/plain\r\n\r\nsecond\r\n" +
		"--frame--\r\n"
	parts := multipart.NewReader(strings.NewReader(stream), "multipart/x-mixed-replace; boundary=--frame", 1<<20)
	var buf []byte
	for {
		var err error
		buf, err = parts.Read(buf)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%d bytes: %s\n", len(buf), buf)
	}
	// Output:
	// 5 bytes: first
	// 6 bytes: second
}
