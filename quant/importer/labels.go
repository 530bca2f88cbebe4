package importer

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

// wordnetID is what opens a line of synset_words.txt: "n01440764 tench, Tinca tinca".
var wordnetID = regexp.MustCompile(`^n\d{8}\s+`)

// ReadLabels reads the classes' names, one a line in the order of the
// network's outputs. WordNet ids in front, as in ImageNet's synset_words.txt,
// are dropped.
func ReadLabels(path string) ([]string, error) {
	data, err := readFile(path, maxLabelFile)
	if err != nil {
		return nil, err
	}
	if !utf8.Valid(data) {
		return nil, fmt.Errorf("%s: not a text file in UTF-8", path)
	}
	text := strings.TrimRight(strings.TrimPrefix(string(data), "\ufeff"), "\r\n\t ")
	var labels []string
	for i, line := range strings.Split(text, "\n") {
		label := strings.TrimSpace(wordnetID.ReplaceAllString(line, ""))
		if label == "" {
			return nil, fmt.Errorf("%s: line %d has no label", path, i+1)
		}
		labels = append(labels, label)
	}
	return labels, nil
}
