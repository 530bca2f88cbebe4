// Package nearest finds the known name most similar to a misspelt one, for error messages.
package nearest

import (
	"strings"
	"unicode/utf8"

	"github.com/agnivade/levenshtein"
)

// longest is the maximum length of a name in bytes. Longer ones are not compared, because
// the cost is the product of the lengths.
const longest = 100

// Of returns the known name with the smallest edit distance to name, ignoring case; of
// equal ones the first. It returns "" if more than half of the characters would have to
// change, because then none was meant.
func Of(name string, known []string) string {
	name = strings.ToLower(name)
	if len(name) > longest {
		return ""
	}
	best, least := "", utf8.RuneCountInString(name)/2+1
	for _, k := range known {
		// A difference in bytes does not bound the difference in characters, but a
		// name of such a different length was not meant.
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
