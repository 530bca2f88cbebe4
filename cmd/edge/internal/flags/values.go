package flags

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/pflag"
)

// boundedInt is a flag for a whole number from 1 to max.
type boundedInt struct {
	value *int
	max   int
}

// UpTo returns a flag for a whole number from 1 to maximum.
func UpTo(value *int, maximum int) pflag.Value { return &boundedInt{value, maximum} }

func (b *boundedInt) String() string { return strconv.Itoa(*b.value) }

func (b *boundedInt) Type() string { return "number" }

func (b *boundedInt) Set(text string) error {
	v, err := strconv.Atoi(text)
	if err != nil || v < 1 || v > b.max {
		return fmt.Errorf("expected a whole number from 1 to %d", b.max)
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

// setAll adds each text to a flag that may be repeated.
func setAll(f pflag.Value, list []string) error {
	for _, text := range list {
		if err := f.Set(text); err != nil {
			return err
		}
	}
	return nil
}
