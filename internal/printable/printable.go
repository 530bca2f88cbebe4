// Package printable sanitises foreign text, such as file names, labels and the
// messages of other programs, before it is written to a terminal.
package printable

import (
	"strings"
	"unicode"
)

// Text replaces every character that could end a line or control the terminal
// by a space: control and format characters, and spaces other than U+0020.
// Bytes that are not UTF-8 become U+FFFD.
func Text(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, s)
}
