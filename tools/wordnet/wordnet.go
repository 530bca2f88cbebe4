package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// synset is a set of words with one meaning.
type synset struct {
	lemmas    []string // the usual word first, with spaces instead of underscores
	hypernyms []string // offsets of the synsets that it is a kind of
}

// wordnet holds WordNet's nouns. Its manual page wndb(5) describes the formats of the
// files.
type wordnet struct {
	synsets map[string]*synset // by offset, eight digits

	// senses maps each word in lower case to its offsets, the most frequent meaning
	// first.
	senses map[string][]string
}

// parse parses data.noun and index.noun.
func parse(data, index string) (*wordnet, error) {
	w := &wordnet{synsets: map[string]*synset{}, senses: map[string][]string{}}
	for number, line := range entries(data) {
		offset, s, ok := parseSynset(line)
		if !ok {
			return nil, fmt.Errorf("data.noun:%d is not a synset", number)
		}
		w.synsets[offset] = s
	}
	for number, line := range entries(index) {
		word, offsets, ok := parseSenses(line)
		if !ok {
			return nil, fmt.Errorf("index.noun:%d is not a word with its synsets", number)
		}
		w.senses[word] = offsets
	}
	return w, nil
}

// entries yields the lines with their numbers. It skips the licence, whose lines start with
// two spaces.
func entries(text string) func(yield func(int, string) bool) {
	return func(yield func(int, string) bool) {
		number := 0
		for line := range strings.Lines(text) {
			number++
			if !strings.HasPrefix(line, "  ") && !yield(number, line) {
				return
			}
		}
	}
}

// parseSynset parses "offset file type count word id … count pointer …", where the first
// count is hexadecimal and a pointer is "symbol offset part ends".
func parseSynset(line string) (offset string, s *synset, ok bool) {
	body, _, _ := strings.Cut(line, "|")
	fields := strings.Fields(body)
	if len(fields) < 4 || !isOffset(fields[0]) {
		return "", nil, false
	}
	s = &synset{}
	words, rest, ok := counted(fields[3:], 16, 2)
	if !ok || len(words) == 0 {
		return "", nil, false
	}
	for _, word := range words {
		s.lemmas = append(s.lemmas, strings.ReplaceAll(word[0], "_", " "))
	}
	pointers, _, ok := counted(rest, 10, 4)
	if !ok {
		return "", nil, false
	}
	for _, p := range pointers {
		if p[0] == "@" || p[0] == "@i" { // hypernym, instance hypernym
			s.hypernyms = append(s.hypernyms, p[1])
		}
	}
	return fields[0], s, true
}

// counted parses a count in the given base, followed by that number of items of size
// fields each.
func counted(fields []string, base, size int) (items [][]string, rest []string, ok bool) {
	if len(fields) == 0 {
		return nil, nil, false
	}
	count, err := strconv.ParseUint(fields[0], base, 16)
	end := 1 + int(count)*size
	if err != nil || end > len(fields) {
		return nil, nil, false
	}
	return slices.Collect(slices.Chunk(fields[1:end], size)), fields[end:], true
}

// parseSenses parses "word part count … offset …", with count offsets at the end.
func parseSenses(line string) (word string, offsets []string, ok bool) {
	fields := strings.Fields(line)
	if len(fields) < 3 {
		return "", nil, false
	}
	count, err := strconv.ParseUint(fields[2], 10, 16)
	if err != nil || count == 0 || int(count) > len(fields)-3 {
		return "", nil, false
	}
	offsets = fields[len(fields)-int(count):]
	for _, offset := range offsets {
		if !isOffset(offset) {
			return "", nil, false
		}
	}
	return strings.ReplaceAll(fields[0], "_", " "), offsets, true
}

func isOffset(s string) bool {
	_, err := strconv.ParseUint(s, 10, 32)
	return err == nil && len(s) == 8
}

// sense returns the rank of a synset among the meanings of a word, from 1, or 0 if the word
// does not have that meaning.
func (w *wordnet) sense(word, offset string) int {
	return slices.Index(w.senses[strings.ToLower(word)], offset) + 1
}
