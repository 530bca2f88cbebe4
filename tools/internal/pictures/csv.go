package pictures

import (
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"halfmeg/quant/labels"
)

// readCSV reads labels.csv: lines "file,label" after an optional heading. A label is
// the number or the name of a class.
func readCSV(path string, n *names) ([]Item, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	items, err := parseCSV(data, filepath.Dir(path), n)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return items, nil
}

func parseCSV(data []byte, dir string, n *names) ([]Item, error) {
	text, err := labels.Text(data)
	if err != nil {
		return nil, err
	}
	r := csv.NewReader(strings.NewReader(text))
	r.Comma = separator(text)
	r.FieldsPerRecord = 2
	r.TrimLeadingSpace = true
	rows, err := r.ReadAll()
	if errors.Is(err, csv.ErrFieldCount) {
		return nil, fmt.Errorf("%w; expected two columns, the file and the number of its class", err)
	}
	if err != nil {
		return nil, err
	}
	var items []Item
	seen := map[string]bool{}
	for i, row := range rows {
		name := strings.TrimSpace(row[0])
		file := locate(dir, name)
		label := labelOf(strings.TrimSpace(row[1]), n)
		if label == Unlabelled {
			if i == 0 && isHeading(name, row[1], file) {
				continue
			}
			return nil, fmt.Errorf("row %d: label %q is not a class number", i+1, row[1])
		}
		if seen[file] {
			return nil, fmt.Errorf("row %d: %s is listed twice", i+1, name)
		}
		seen[file] = true
		items = append(items, Item{file, label})
	}
	return items, nil
}

// separator returns what separates the columns: a comma, or what spreadsheets write
// where the comma is the decimal separator, or a tab.
func separator(text string) rune {
	line, _, _ := strings.Cut(strings.TrimLeft(text, "\n"), "\n")
	for _, s := range ",;\t" {
		if strings.ContainsRune(line, s) {
			return s
		}
	}
	return ','
}

// locate returns the path of a file that labels.csv lists. An absolute path stands
// for itself. Lists from Windows have backslashes.
func locate(dir, name string) string {
	join := func(name string) string {
		if filepath.IsAbs(name) {
			return filepath.Clean(name)
		}
		return filepath.Join(dir, filepath.FromSlash(name))
	}
	path := join(name)
	if strings.Contains(name, `\`) && !exists(path) {
		return join(strings.ReplaceAll(name, `\`, "/"))
	}
	return path
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// labelOf returns the class of a label: a number, which may be written as 3.0, or a
// name.
func labelOf(label string, n *names) int {
	if v, err := strconv.ParseFloat(label, 64); err == nil {
		if v < 0 || v != float64(int32(v)) {
			return Unlabelled
		}
		return int(v)
	}
	return n.class(label)
}

// isHeading reports whether the first row, whose label is no class, names the
// columns: its label is no number, and its file does not exist and is not named like
// a picture.
func isHeading(name, label, file string) bool {
	_, err := strconv.ParseFloat(strings.TrimSpace(label), 64)
	return err != nil && !exists(file) && !slices.Contains(extensions, strings.ToLower(filepath.Ext(name)))
}
