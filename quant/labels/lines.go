package labels

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// parseLines reads a label per line. Decoration is dropped only if all lines have
// it, because any single label may look like it: commas at the end, quotes, dashes
// of a YAML list, numbers of the classes.
func parseLines(text string) (*List, error) {
	l := &List{}
	lines := l.split(text)
	if len(lines) == 0 {
		return nil, errors.New("line 1 has no label: the file is empty")
	}
	if strings.HasPrefix(lines[0], "item") && slices.ContainsFunc(lines, func(s string) bool { return strings.HasPrefix(s, "id:") }) {
		return nil, errors.New("is a label map of TensorFlow (item { id … name … }); write its names as a list, one per line")
	}
	lines = undecorate(lines)
	lines, err := l.order(lines)
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(lines))
	lines = swapped(lines, idAtEnd)
	for i, line := range lines {
		ids[i], lines[i] = cutID(line)
	}
	// ImageNet's map_clsloc.txt has the number after the id.
	if !slices.Contains(ids, "") && !slices.Contains(lines, "") {
		if names, _, ok := numbered(lines); ok {
			lines = names
		}
	}
	for i, line := range lines {
		if line == "" && ids[i] == "" {
			return nil, fmt.Errorf("label %d is empty", i)
		}
		l.add(ids[i], line)
	}
	return l, nil
}

// split returns the lines that are not empty and notes the first gap.
func (l *List) split(text string) []string {
	var lines []string
	gap := 0
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" {
			if gap == 0 {
				gap = i + 1
			}
			continue
		}
		if gap > 0 && l.empty == 0 {
			l.empty = gap
		}
		gap = 0
		lines = append(lines, line)
	}
	return lines
}

// undecorate drops what all lines have around their label.
func undecorate(lines []string) []string {
	if len(lines) > 1 && all(lines[:len(lines)-1], func(s string) bool { return strings.HasSuffix(s, ",") }) {
		lines = mapped(lines, func(s string) string { return strings.TrimSpace(strings.TrimSuffix(s, ",")) })
	}
	if len(lines) > 1 && heading.MatchString(lines[0]) && strings.HasSuffix(lines[0], ":") &&
		all(lines[1:], func(s string) bool { return strings.HasPrefix(s, "- ") }) {
		lines = lines[1:]
	}
	if all(lines, func(s string) bool { return strings.HasPrefix(s, "- ") }) {
		lines = mapped(lines, func(s string) string { return strings.TrimSpace(s[2:]) })
	}
	if all(lines, func(s string) bool { return unquote(s) != s }) {
		lines = mapped(lines, unquote)
	}
	return lines
}

// heading matches a first line that names the columns of numbered lines, or the
// key of a YAML list.
var heading = regexp.MustCompile(`(?i)^["']?(?:#|no|number|id|idx|index|class|class[ _]?id|class[ _]?index|label|label[ _]?id|target|names|classes|labels)["']?\s*(?::|[,;\t |]\s*["']?[a-z_ ]+["']?)$`)

// swappedHeading matches one whose second column is the number.
var swappedHeading = regexp.MustCompile(`(?i)^["']?[a-z_ ]+["']?\s*[,;\t|]\s*["']?(?:no|number|id|idx|index|class[ _]?id|class[ _]?index|label|label[ _]?id|target)["']?$`)

var (
	numberAtEnd = regexp.MustCompile(`^(.*[^\s,;:=|])\s*[,;:=|\t]\s*["']?(\d{1,9})["']?$`)
	idAtEnd     = regexp.MustCompile(`^(.*[^\s,;:|])[\s,;:|]+["']?(n\d{8})["']?$`)
)

// swapped puts the number or id of a label in front, if all lines have it at their
// end: "tench,0".
func swapped(lines []string, atEnd *regexp.Regexp) []string {
	if len(lines) < 2 || !all(lines, atEnd.MatchString) {
		return lines
	}
	return mapped(lines, func(s string) string { return atEnd.ReplaceAllString(s, "$2: $1") })
}

// order strips the numbers of numbered lines and sorts by them.
func (l *List) order(lines []string) ([]string, error) {
	body := lines
	if len(lines) > 1 && (heading.MatchString(lines[0]) || swappedHeading.MatchString(lines[0])) {
		body = lines[1:]
	}
	names, base, ok := numbered(swapped(body, numberAtEnd))
	if ok {
		l.note("the numbers in front of the labels, from %d, are dropped: the first label is %q", base, shorten(names[0]))
		return names, nil
	}
	if len(body) > 1 && all(body, func(s string) bool { return colonNumber.MatchString(s) }) {
		return nil, fmt.Errorf("its lines are numbered, from %q to %q, but not with each number once from 0 or 1",
			shorten(body[0]), shorten(body[len(body)-1]))
	}
	return lines, nil
}

var (
	// lineNumber matches the number of a class in front of its label.
	lineNumber = regexp.MustCompile(`^["']?(\d{1,9})["']?(?:\s*[:;,=|)]\s*|\.\s+|\s+-\s+|\s+)`)
	// colonNumber matches the part of these that cannot be the start of a label.
	colonNumber = regexp.MustCompile(`^["']?\d{1,9}["']?\s*:\s`)
)

// numbered strips the numbers in front of the labels, if all lines have one and
// these are 0, 1, 2, … or 1, 2, 3, … in any order. Labels that differ only in
// their number, such as "1 euro" and "2 euro", are no numbered lines.
func numbered(lines []string) (names []string, base int, ok bool) {
	entries := make([]entry, len(lines))
	for i, line := range lines {
		m := lineNumber.FindStringSubmatch(line)
		if m == nil || len(lines) == 1 && !colonNumber.MatchString(line) {
			return nil, 0, false
		}
		number, err := strconv.Atoi(m[1])
		name := unquote(line[len(m[0]):])
		if err != nil || name == "" {
			return nil, 0, false
		}
		entries[i] = entry{name: name, number: number, numbered: true}
	}
	base, err := sortByNumber(entries)
	if err != nil {
		return nil, 0, false
	}
	different := map[string]bool{}
	for _, e := range entries {
		names = append(names, e.name)
		different[e.name] = true
	}
	if len(different) == 1 && len(entries) > 1 {
		return nil, 0, false
	}
	return names, base, true
}

// unquote drops the quotes around a label. Quotes within it are doubled, as CSV has
// them, or follow a backslash.
func unquote(s string) string {
	if len(s) < 2 || s[0] != '"' && s[0] != '\'' || s[len(s)-1] != s[0] {
		return s
	}
	quote, inner := s[:1], s[1:len(s)-1]
	if strings.Contains(strings.NewReplacer(quote+quote, "", `\`+quote, "").Replace(inner), quote) {
		return s // two strings
	}
	return strings.TrimSpace(strings.NewReplacer(quote+quote, quote, `\`+quote, quote).Replace(inner))
}

func all(lines []string, is func(string) bool) bool {
	return !slices.ContainsFunc(lines, func(s string) bool { return !is(s) })
}

func mapped(lines []string, f func(string) string) []string {
	out := make([]string, len(lines))
	for i, s := range lines {
		out[i] = f(s)
	}
	return out
}
