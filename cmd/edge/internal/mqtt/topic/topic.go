// Package topic converts names, such as class labels and host names, into levels of MQTT
// topics. The levels are also object IDs of Home Assistant, which allows fewer characters
// than MQTT.
package topic

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
)

// maxLevel is the maximum length of a level, in bytes. With the other parts an ID stays
// below Home Assistant's limit of 255 characters.
const maxLevel = 48

// hashLength is the number of hexadecimal digits in a hash that distinguishes names of
// the same level.
const hashLength = 8

// Level returns a level for one name: 1 to maxLevel characters of a-z, 0-9, - and _.
func Level(name string) string {
	var b strings.Builder
	gap := false // characters were skipped since the last one
	for _, r := range strings.ToLower(name) {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '-', r == '_':
			if gap && b.Len() > 0 {
				b.WriteByte('_')
			}
			gap = false
			b.WriteRune(r)
		default:
			gap = true
		}
		if b.Len() > maxLevel {
			break
		}
	}
	level := strings.Trim(b.String(), "-_")
	switch {
	case level == "":
		return "x_" + hash(name)
	case len(level) > maxLevel:
		return withHash(level, name)
	}
	return level
}

// Levels returns a distinct level for each name. The result for a name does not depend
// on the order: if several names have the same level, only a name that equals the level
// keeps it, and the others get a hash of the name as a suffix.
func Levels(names []string) []string {
	count := map[string]int{}
	levels := make([]string, len(names))
	for i, name := range names {
		levels[i] = Level(name)
		count[levels[i]]++
	}
	for i, name := range names {
		if count[levels[i]] > 1 && levels[i] != name {
			levels[i] = withHash(levels[i], name)
		}
	}
	return distinct(levels)
}

// distinct adds numbers to levels that are still equal, because of equal names or
// hashes.
func distinct(levels []string) []string {
	used := map[string]bool{}
	for i, level := range levels {
		for n := 2; used[levels[i]]; n++ {
			levels[i] = level + "_" + strconv.Itoa(n)
		}
		used[levels[i]] = true
	}
	return levels
}

func withHash(level, name string) string {
	level = level[:min(len(level), maxLevel-hashLength-1)]
	return strings.TrimRight(level, "-_") + "_" + hash(name)
}

func hash(name string) string {
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:])[:hashLength]
}
