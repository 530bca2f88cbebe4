// Package topic turns foreign names, such as class labels and host names, into
// levels of MQTT topics. They serve as object IDs of Home Assistant too, which
// allows fewer characters than MQTT.
package topic

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
)

// maxLevel is the greatest length of a level, in bytes. It leaves room for the rest
// of a topic in the 255 characters that Home Assistant allows for an ID.
const maxLevel = 48

// hashLength is how many hexadecimal digits tell apart names that look the same.
const hashLength = 8

// Level returns a level for one name: a-z, 0-9, - and _, at least one, at most 48.
func Level(name string) string {
	var b strings.Builder
	gap := false // characters were left out since the last one
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

// Levels returns a level for each name, all different. What a name becomes does not
// depend on the order: of names that look the same only one that is its own level
// keeps it, and each other has a hash of the name added.
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

// distinct numbers what is still the same: equal names and equal hashes.
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
