package main

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/pflag"
)

// bounded is a flag that takes a whole number from 1 to a bound.
type bounded struct {
	value *int
	max   int
}

func upTo(value *int, maximum int) pflag.Value { return &bounded{value, maximum} }

func (b *bounded) String() string { return strconv.Itoa(*b.value) }

func (b *bounded) Type() string { return "number" }

func (b *bounded) Set(text string) error {
	v, err := strconv.Atoi(text)
	if err != nil || v < 1 || v > b.max {
		return fmt.Errorf("give a whole number from 1 to %d", b.max)
	}
	*b.value = v
	return nil
}

// quarterTurns is a flag of degrees that turn a picture by right angles.
type quarterTurns int

func (q *quarterTurns) String() string { return strconv.Itoa(int(*q)) }

func (q *quarterTurns) Type() string { return "degrees" }

func (q *quarterTurns) Set(text string) error {
	switch text {
	case "0", "90", "180", "270":
		degrees, err := strconv.Atoi(text)
		*q = quarterTurns(degrees)
		return err
	}
	return errors.New("give 0, 90, 180 or 270")
}
