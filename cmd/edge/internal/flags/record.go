package flags

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"halfmeg/cmd/edge/internal/config"
	"halfmeg/cmd/edge/internal/decision"
	"halfmeg/cmd/edge/internal/groups"
	"halfmeg/cmd/edge/internal/record"
)

// Record are the flags for recording, which is off if Config.Dir is empty.
type Record struct{ Config record.Config }

// Add defines the flags.
func (r *Record) Add(flags *pflag.FlagSet) {
	c := &r.Config
	c.MaxBytes, c.MinFree = 2e9, 500e6
	flags.StringVar(&c.Dir, "record", "", "keep a picture and a JSON file of each event in this `folder`")
	config.MarkPath(flags, "record")
	flags.StringSliceVar(&c.Events, "record-events", nil, "record only these classes and groups, by their `names`, such as robin,dog")
	flags.Var(Bytes(&c.MaxBytes), "record-max-bytes", "delete the oldest events beyond this `size`, such as 500MB or 2GB; 0 for no limit")
	flags.Var(count(&c.MaxCount), "record-max-count", "delete the oldest events beyond this `number`; 0 for no limit")
	flags.Var(count(&c.MaxDays), "record-max-days", "delete events after this `number` of days; 0 for no limit")
	flags.Var(Bytes(&c.MinFree), "record-min-free", "stop recording while less than this `size` is free on the card")
	flags.Var(&boundedCount{&c.PreRoll, record.MaxPreRoll}, "record-pre-roll", "also keep this `number` of pictures from before each event, half a second apart")
}

// Prepare checks that every name in --record-events is a group that has events, a class
// with one of these labels, or a built-in group, for which it enables events.
func (r *Record) Prepare(labels []string, d *Decision) error {
	d.added = nil // a reload calls Prepare more than once
	groupNames, catalog := d.groupNames(), groups.Builtin(labels)
	for _, name := range r.Config.Events {
		isGroup := slices.ContainsFunc(groupNames, func(g string) bool { return strings.EqualFold(g, strings.TrimSpace(name)) })
		if isGroup {
			continue
		}
		if _, err := decision.FindClasses(labels, name); err == nil {
			continue
		} else if _, ok := catalog.Find(name); !ok {
			return fmt.Errorf("--record-events: %w; a custom group also needs --group %s=…", err, name)
		}
		d.added = append(d.added, strings.TrimSpace(name))
	}
	return nil
}

// boundedCount is a flag that accepts a whole number from 0 to max.
type boundedCount struct {
	value *int
	max   int
}

// count returns a flag that accepts a whole number from 0.
func count(value *int) pflag.Value { return &boundedCount{value, math.MaxInt32} }

func (b *boundedCount) String() string { return strconv.Itoa(*b.value) }

func (b *boundedCount) Type() string { return "number" }

func (b *boundedCount) Set(text string) error {
	v, err := strconv.Atoi(text)
	if err != nil || v < 0 || v > b.max {
		return fmt.Errorf("expected a whole number from 0 to %d", b.max)
	}
	*b.value = v
	return nil
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
var sizePattern = regexp.MustCompile(`^(\d{1,18}(?:\.\d{1,6})?) ?([A-Za-z]{0,3})$`)

func (f *bytesFlag) Set(text string) error {
	invalid := errors.New("expected a size such as 500MB or 2GB")
	m := sizePattern.FindStringSubmatch(text)
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
