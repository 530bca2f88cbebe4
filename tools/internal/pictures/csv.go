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
	rows, err := parseRows(data, dir)
	if err != nil {
		return nil, err
	}
	var items []Item
	seen := map[string]bool{}
	for i, row := range rows {
		label := labelOf(row.Label, n)
		if label == Unlabelled {
			if i == 0 && row.isHeading() {
				continue
			}
			return nil, fmt.Errorf("row %d: label %q is not a class number", i+1, row.written)
		}
		if seen[row.Path] {
			return nil, fmt.Errorf("row %d: %s is listed twice", i+1, row.name)
		}
		seen[row.Path] = true
		items = append(items, Item{row.Path, label})
	}
	return items, nil
}

// Row is a row of labels.csv.
type Row struct {
	Path  string // of the file
	Label string // number or name of its class

	name, written string // the columns as they are written
}

// ReadRows reads labels.csv without knowing the classes. A heading is skipped.
func ReadRows(path string) ([]Row, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	rows, err := parseRows(data, filepath.Dir(path))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(rows) > 0 && rows[0].isHeading() {
		rows = rows[1:]
	}
	return rows, nil
}

func parseRows(data []byte, dir string) ([]Row, error) {
	text, err := labels.Text(data)
	if err != nil {
		return nil, err
	}
	r := csv.NewReader(strings.NewReader(text))
	r.Comma = separator(text)
	r.FieldsPerRecord = 2
	r.TrimLeadingSpace = true
	records, err := r.ReadAll()
	if errors.Is(err, csv.ErrFieldCount) {
		return nil, fmt.Errorf("%w; expected two columns, the file and the number of its class", err)
	}
	if err != nil {
		return nil, err
	}
	rows := make([]Row, len(records))
	for i, record := range records {
		name := strings.TrimSpace(record[0])
		rows[i] = Row{locate(dir, name), strings.TrimSpace(record[1]), name, record[1]}
	}
	return rows, nil
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
func (r *Row) isHeading() bool {
	_, err := strconv.ParseFloat(r.Label, 64)
	return err != nil && !exists(r.Path) && !slices.Contains(extensions, strings.ToLower(filepath.Ext(r.name)))
}
