package flags

import (
	"errors"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"time"

	"halfmeg/cmd/edge/internal/readfile"
	"halfmeg/internal/lazyregexp"

	"github.com/spf13/pflag"
)

// boundedInt is a flag for a whole number from min to max.
type boundedInt struct {
	value    *int
	min, max int
}

// UpTo returns a flag for a whole number from 1 to maximum.
func UpTo(value *int, maximum int) pflag.Value { return &boundedInt{value, 1, maximum} }

// Count returns a flag for a whole number from 0.
func Count(value *int) pflag.Value { return &boundedInt{value, 0, math.MaxInt32} }

func (b *boundedInt) String() string { return strconv.Itoa(*b.value) }

func (b *boundedInt) Type() string { return "number" }

func (b *boundedInt) Set(text string) error {
	v, err := strconv.Atoi(text)
	if err != nil || v < b.min || v > b.max {
		return fmt.Errorf("expected a whole number from %d to %d", b.min, b.max)
	}
	*b.value = v
	return nil
}

// Rotation is a flag for a multiple of 90 degrees, clockwise.
type Rotation int

// String returns the angle in degrees.
func (r *Rotation) String() string { return strconv.Itoa(int(*r)) }

// Type names the unit in a command's help.
func (r *Rotation) Type() string { return "degrees" }

// Set accepts 0, 90, 180 and 270.
func (r *Rotation) Set(text string) error {
	switch text {
	case "0", "90", "180", "270":
		degrees, err := strconv.Atoi(text)
		*r = Rotation(degrees)
		return err
	}
	return errors.New("expected 0, 90, 180 or 270")
}

// listFlag is a flag for a list of which each use adds an item. It is a pflag.SliceValue,
// so a list in the configuration file replaces all items.
type listFlag[T any] struct {
	list   *[]T
	kind   string // of an item, for a command's help
	parse  func(text string) (T, error)
	format func(item T) string
}

func (f *listFlag[T]) String() string { return strings.Join(f.GetSlice(), ",") }

func (f *listFlag[T]) Type() string { return f.kind }

// Set adds an item.
func (f *listFlag[T]) Set(text string) error {
	item, err := f.parse(text)
	if err != nil {
		return err
	}
	*f.list = append(*f.list, item)
	return nil
}

// Append is Set.
func (f *listFlag[T]) Append(text string) error { return f.Set(text) }

// Replace replaces all items.
func (f *listFlag[T]) Replace(list []string) error {
	*f.list = nil
	for _, text := range list {
		if err := f.Set(text); err != nil {
			return err
		}
	}
	return nil
}

// GetSlice returns all items as text.
func (f *listFlag[T]) GetSlice() []string {
	texts := make([]string, len(*f.list))
	for i, item := range *f.list {
		texts[i] = f.format(item)
	}
	return texts
}

type bytesFlag int64

// Bytes returns a flag for a size in bytes, such as 500MB, 1.5 GB or 2GiB.
func Bytes(size *int64) pflag.Value { return (*bytesFlag)(size) }

// units are the decimal (SI) and binary (IEC 80000-13) units of sizes.
var units = []struct {
	name string
	size int64
}{
	{"TB", 1e12}, {"GB", 1e9}, {"MB", 1e6}, {"kB", 1e3}, {"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10},
}

// String returns the size in the largest unit of which it is a multiple.
func (f *bytesFlag) String() string {
	for _, u := range units {
		if v := int64(*f); v != 0 && v%u.size == 0 {
			return strconv.FormatInt(v/u.size, 10) + u.name
		}
	}
	return strconv.FormatInt(int64(*f), 10)
}

func (f *bytesFlag) Type() string { return "size" }

// sizePattern matches a number with an optional unit, whose B is optional too.
var sizePattern = lazyregexp.New(`^(\d{1,18}(?:\.\d{1,6})?) ?([A-Za-z]{0,3})$`)

func (f *bytesFlag) Set(text string) error {
	invalid := errors.New("expected a size such as 500MB or 2GB")
	m := sizePattern().FindStringSubmatch(text)
	if m == nil {
		return invalid
	}
	factor := int64(0)
	if m[2] == "" || m[2] == "B" {
		factor = 1
	}
	for _, u := range units {
		if strings.EqualFold(m[2], u.name) || strings.EqualFold(m[2]+"B", u.name) {
			factor = u.size
		}
	}
	v, err := strconv.ParseFloat(m[1], 64)
	if err != nil || factor == 0 || v*float64(factor) > 1e18 {
		return invalid
	}
	*f = bytesFlag(math.Round(v * float64(factor)))
	return nil
}

// duration returns a flag for a time that may be 0, in seconds if it has no unit.
func duration(value *time.Duration) pflag.Value { return (*durationFlag)(value) }

type durationFlag time.Duration

func (f *durationFlag) String() string { return time.Duration(*f).String() }

func (f *durationFlag) Type() string { return "time" }

func (f *durationFlag) Set(text string) error {
	d, err := parseDuration(text)
	if err != nil || d < 0 {
		return errors.New("expected a time such as 500ms or 2s")
	}
	*f = durationFlag(d)
	return nil
}

// parseDuration parses a time, in seconds if it has no unit.
func parseDuration(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil {
		d, err = time.ParseDuration(text + "s")
	}
	return d, err
}

// secret reads a secret from the first line of a file or, if file is empty, from an
// environment variable, which may be unset.
func secret(file, variable string) (string, error) {
	if file == "" {
		return os.Getenv(variable), nil
	}
	text, err := readfile.Secret(file)
	if err != nil {
		return "", err
	}
	line, _, _ := strings.Cut(text, "\n")
	line = strings.TrimSuffix(line, "\r")
	if line == "" {
		return "", fmt.Errorf("the first line of %s is empty", file)
	}
	return line, nil
}
