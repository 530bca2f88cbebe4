// Package nearest finds the known name that somebody may have meant, for error
// messages.
package nearest

import (
	"strings"
	"unicode/utf8"

	"github.com/agnivade/levenshtein"
)

// longest is the number of bytes beyond which a name is not compared: the cost
// is the product of the lengths.
const longest = 100

// Of returns the name that is most like another by edit distance, without regard
// to case; of several the first. It returns "" if more than half of the characters
// would have to change, for then none was meant.
func Of(name string, known []string) string {
	name = strings.ToLower(name)
	if len(name) > longest {
		return ""
	}
	best, least := "", utf8.RuneCountInString(name)/2+1
	for _, k := range known {
		// The difference of the lengths in bytes is no bound for that in
		// characters, but no name that differs so much was meant.
		if abs(len(k)-len(name)) > len(name)/2+3 {
			continue
		}
		if d := levenshtein.ComputeDistance(name, strings.ToLower(k)); d < least {
			best, least = k, d
		}
	}
	return best
}

func abs(n int) int {
	if n < 0 {
		return -n
	}
	return n
}
