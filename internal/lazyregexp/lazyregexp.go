// Package lazyregexp compiles regular expressions when they are first used. Compiled
// when the program starts, those of edge take as long as a tenth of a frame, and most runs
// use none of them.
package lazyregexp

import (
	"regexp"
	"sync"
)

// New returns a function that returns the expression, compiled once. It panics if the
// expression is invalid.
func New(expression string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })
}
