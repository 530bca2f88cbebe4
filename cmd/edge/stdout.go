package main

import "io"

// stdoutWriter passes writes on and keeps the first error, so that a full disk is always
// reported. After an error it writes nothing.
type stdoutWriter struct {
	to  io.Writer
	err error
}

func (o *stdoutWriter) Write(p []byte) (int, error) {
	if o.err != nil {
		return 0, o.err
	}
	n, err := o.to.Write(p)
	o.err = err
	return n, err
}
