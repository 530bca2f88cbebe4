package main

import "io"

// output passes writes on and remembers the first that failed, so that a full
// disk never goes unnoticed. Nothing is written after a failure.
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
