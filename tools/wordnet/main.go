// Wordnet generates the table of package cmd/edge/internal/groups: which of the thousand
// ImageNet classes are a dog, a vehicle or a fruit according to WordNet 3.0.
//
//	go run ./tools/wordnet -synsets ../shared/images/synset_words.txt -out cmd/edge/internal/groups/imagenet.txt
//
// It reads data.noun and index.noun of Debian's package wordnet-base. ImageNet identifies a
// class by the offset of its synset in that data.noun.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"halfmeg/internal/atomicfile"
	"halfmeg/tools/internal/cli"
)

func main() {
	dir := flag.String("wordnet", "/usr/share/wordnet", "`folder` of data.noun and index.noun")
	synsets := flag.String("synsets", "", "text `file` with one class per line, each starting with its WordNet id")
	out := flag.String("out", "", "`file` to write")
	cli.Flags("wordnet", `Wordnet writes the groups of the thousand ImageNet classes by WordNet's hierarchy.
It needs Debian's package wordnet-base.

  go run ./tools/wordnet -synsets ../shared/images/synset_words.txt -out cmd/edge/internal/groups/imagenet.txt
`)
	if *synsets == "" || *out == "" || flag.NArg() > 0 {
		cli.Usage("wordnet", "-synsets FILE and -out FILE are required, and no other argument (-help lists the flags)")
	}
	table, err := build(*dir, *synsets)
	if err == nil {
		err = atomicfile.Write(*out, 0o644, func(w io.Writer) error {
			_, err := w.Write(table)
			return err
		})
	}
	if err != nil {
		cli.Exit("wordnet", err, "interrupted")
	}
}

// build returns the text of the table.
func build(dir, synsets string) ([]byte, error) {
	data, err := os.ReadFile(filepath.Join(dir, "data.noun"))
	if err != nil {
		return nil, fmt.Errorf("%w (install Debian's package wordnet-base)", err)
	}
	index, err := os.ReadFile(filepath.Join(dir, "index.noun"))
	if err != nil {
		return nil, err
	}
	list, err := os.ReadFile(synsets)
	if err != nil {
		return nil, err
	}
	net, err := parse(string(data), string(index))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	classes, err := parseClasses(string(list))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", synsets, err)
	}
	t, err := newTable(net, classes)
	if err != nil {
		return nil, err
	}
	return t.text(), nil
}

// parseClasses returns the offset of each class, from lines such as
// "n01440764 tench, Tinca tinca".
func parseClasses(text string) ([]string, error) {
	var classes []string
	for line := range strings.Lines(text) {
		id, _, _ := strings.Cut(strings.TrimSpace(line), " ")
		offset, ok := strings.CutPrefix(id, "n")
		if !ok || !isOffset(offset) {
			return nil, fmt.Errorf("line %d starts with %q, which is not a WordNet id such as n01440764", len(classes)+1, id)
		}
		classes = append(classes, offset)
	}
	return classes, nil
}
