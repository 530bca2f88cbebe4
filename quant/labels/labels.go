// Package labels reads files of class names: a name per line, with or without a
// number or a WordNet id in front, and lists and maps as JSON, Python or
// JavaScript spell them.
package labels

import (
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// List is the content of a file of labels.
type List struct {
	Path  string
	Names []string // by class
	IDs   []string // WordNet ids by class, empty where there is none; nil if there is none at all
	// Notes says what was dropped or assumed, one line each.
	Notes []string

	empty int // number of the first empty line between two labels; 0 if there is none
}

// maxFile is the size limit in bytes, far above any real file: ImageNet's labels
// take 31 kB.
const maxFile = 1 << 24

// Read reads a file of labels. Errors name the file.
func Read(path string) (*List, error) {
	data, err := readFile(path)
	if err != nil {
		return nil, err
	}
	l, err := parse(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	l.Path = path
	return l, nil
}

func readFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, fmt.Errorf("%s: is a directory, not a file", path)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s: is not a regular file", path)
	case info.Size() > maxFile:
		return nil, fmt.Errorf("%s: %d bytes, the limit is %d", path, info.Size(), maxFile)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return data, nil
}

var errNoText = errors.New("is not a UTF-8 text file; save it as UTF-8")

// Text decodes a text file: UTF-8, or UTF-16 with a byte order mark as Windows
// writes it. It drops the mark and turns every end of line into "\n".
func Text(data []byte) (string, error) {
	text := string(data)
	if len(data)%2 == 0 && (strings.HasPrefix(text, "\xff\xfe") || strings.HasPrefix(text, "\xfe\xff")) {
		text = decodeUTF16(data)
	}
	if !utf8.ValidString(text) || strings.Contains(text, "\x00") {
		return "", errNoText
	}
	return strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(strings.TrimPrefix(text, "\ufeff")), nil
}

// decodeUTF16 decodes text whose first two bytes are a byte order mark.
func decodeUTF16(data []byte) string {
	high := 0 // offset of the more significant byte
	if data[0] == 0xff {
		high = 1
	}
	units := make([]uint16, len(data)/2)
	for i := range units {
		units[i] = uint16(data[2*i+high])<<8 | uint16(data[2*i+1-high])
	}
	return string(utf16.Decode(units))
}

// opening matches the start of a list or a map, which may follow comments and be
// assigned to a name: "classes = [", "export const LABELS = {".
var opening = regexp.MustCompile(`^\s*(?:(?:(?:#|//).*|["']use strict["'];?)?\n\s*)*(?:[A-Za-z_][\w.]*(?:\s+[A-Za-z_][\w.]*)*\s*[:=]\s*)?([\[{(])`)

// bracketed matches a label in brackets and another line: "(none)" or "[unused] a".
var bracketed = regexp.MustCompile(`^\s*(?:\([^'",:\n]+\)|\[[^'",:\n]+\])[^\],;\n]*\n\s*\S`)

func parse(data []byte) (*List, error) {
	text, err := Text(data)
	if err != nil {
		return nil, err
	}
	if at := opening.FindStringSubmatchIndex(text); at != nil && !bracketed.MatchString(text) {
		return parseLiteral(text, at[2])
	}
	return parseLines(text)
}

// add appends a class. name may start with a WordNet id.
func (l *List) add(id, name string) {
	if id == "" {
		id, name = cutID(name)
	}
	if id != "" && l.IDs == nil {
		l.IDs = make([]string, len(l.Names))
	}
	if l.IDs != nil {
		l.IDs = append(l.IDs, id)
	}
	if name == "" {
		name = id
	}
	l.Names = append(l.Names, name)
}

// wordnetID matches the id at the start of a line of ImageNet's
// synset_words.txt: "n01440764 tench, Tinca tinca".
var wordnetID = regexp.MustCompile(`^["']?(n\d{8})["']?(?:[\s,;:|]+|$)`)

// cutID splits a label from the WordNet id in front of it, if there is one.
func cutID(label string) (id, name string) {
	if m := wordnetID.FindStringSubmatch(label); m != nil {
		return m[1], unquote(strings.TrimSpace(label[len(m[0]):]))
	}
	return "", label
}

// IsID reports whether s is a WordNet id.
func IsID(s string) bool {
	id, rest := cutID(s)
	return id != "" && rest == "" && id == s
}

func (l *List) note(format string, args ...any) {
	l.Notes = append(l.Notes, fmt.Sprintf(format, args...))
}

// background matches the names of the extra first class in TensorFlow's lists.
var background = regexp.MustCompile(`(?i)^[\W_]*(background|dummy|none|null|unused|n/?a|other|unknown)[\W_]*$`)

// Fit returns the list for a network with the given number of classes. An extra
// first label that names a background is dropped, with a note. If the counts
// differ otherwise, the error names the file, its first and its last label.
func (l *List) Fit(classes int) (*List, error) {
	if len(l.Names) == classes {
		return l, nil
	}
	extra := len(l.Names) == classes+1
	if extra && background.MatchString(l.Names[0]) {
		cut := *l
		cut.Names = l.Names[1:]
		if l.IDs != nil {
			cut.IDs = l.IDs[1:]
		}
		cut.Notes = append([]string{fmt.Sprintf("the first label, %q, is dropped: the network has no class for it", l.Names[0])}, l.Notes...)
		return &cut, nil
	}
	err := fmt.Errorf("%s: %d labels for %d classes: the first label is %q, the last %q",
		l.Path, len(l.Names), classes, shorten(l.Names[0]), shorten(l.Names[len(l.Names)-1]))
	switch {
	case l.empty > 0:
		err = fmt.Errorf("%w; line %d is empty", err, l.empty)
	case extra:
		err = fmt.Errorf("%w; if the first is a heading or the background of TensorFlow's lists, delete it", err)
	case len(l.Names) == classes-1:
		err = fmt.Errorf("%w; if class 0 is the background, add a line for it", err)
	}
	return nil, err
}

// shorten limits a label to what fits into a message.
func shorten(label string) string {
	const limit = 60
	if r := []rune(label); len(r) > limit {
		return string(r[:limit]) + "…"
	}
	return label
}
