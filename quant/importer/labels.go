package importer

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

// wordnetID matches the id at the start of a line of ImageNet's
// synset_words.txt: "n01440764 tench, Tinca tinca".
var wordnetID = regexp.MustCompile(`^n\d{8}\s+`)

// readLabels reads the names of the classes, one per line, in the order of the
// network's outputs. Leading WordNet ids are dropped.
func readLabels(path string) ([]string, error) {
	data, err := readFile(path, maxLabelFile)
	if err != nil {
		return nil, err
	}
	if !utf8.Valid(data) {
		return nil, fmt.Errorf("%s: is not a UTF-8 text file", path)
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
