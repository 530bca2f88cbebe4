package main

import "io"

// output passes writes on and keeps the first error, so that a full disk is always
// reported. After an error it writes nothing.
type output struct {
	to  io.Writer
	err error
}

func (o *output) Write(p []byte) (int, error) {
	if o.err != nil {
		return 0, o.err
	}
	n, err := o.to.Write(p)
	o.err = err
	return n, err
}
