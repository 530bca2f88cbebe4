package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// word is an encoded instruction.
type word uint32

// block is a sequence of instructions that QEMU executed as one.
type block struct {
	address    uint64
	executions int
	code       []word
}

// profile is what the plugin wrote about a run.
type profile struct {
	blocks                       map[int]block
	windows                      [][]int // each the numbers of the blocks that ran
	accesses, l1Misses, l2Misses int
}

func (p *profile) instructions() int {
	sum := 0
	for _, b := range p.blocks {
		sum += b.executions * len(b.code)
	}
	return sum
}

// readProfile reads the lines of the plugin: "window number...",
// "block number address executions word...", "cache accesses misses misses"
// and a last line "end".
func readProfile(r io.Reader) (*profile, error) {
	p := &profile{blocks: map[int]block{}}
	in := bufio.NewReader(r)
	for n := 1; ; n++ {
		line, err := in.ReadString('\n')
		if errors.Is(err, io.EOF) {
			return nil, errors.New("the profile is incomplete: the program ended without running QEMU's exit handlers")
		}
		if err != nil {
			return nil, err
		}
		fields := strings.Fields(line)
		if len(fields) == 1 && fields[0] == "end" {
			return p, nil
		}
		if err := p.add(fields); err != nil {
			return nil, fmt.Errorf("profile, line %d: %w", n, err)
		}
	}
}

func (p *profile) add(fields []string) error {
	switch {
	case len(fields) > 1 && fields[0] == "window":
		ids, err := integers(fields[1:])
		p.windows = append(p.windows, ids)
		return err
	case len(fields) > 4 && fields[0] == "block":
		return p.addBlock(fields[1:])
	case len(fields) == 4 && fields[0] == "cache":
		counts, err := integers(fields[1:])
		if err == nil {
			p.accesses, p.l1Misses, p.l2Misses = counts[0], counts[1], counts[2]
		}
		return err
	}
	return errors.New("not a line that the plugin writes")
}

func (p *profile) addBlock(fields []string) error {
	id, errID := strconv.Atoi(fields[0])
	address, errAddress := strconv.ParseUint(fields[1], 16, 64)
	executions, errExecutions := strconv.Atoi(fields[2])
	b := block{address: address, executions: executions}
	for _, f := range fields[3:] {
		w, err := strconv.ParseUint(f, 16, 32)
		if err != nil {
			return err
		}
		b.code = append(b.code, word(w))
	}
	p.blocks[id] = b
	return errors.Join(errID, errAddress, errExecutions)
}

func integers(fields []string) ([]int, error) {
	list := make([]int, len(fields))
	for i, f := range fields {
		var err error
		if list[i], err = strconv.Atoi(f); err != nil {
			return nil, err
		}
	}
	return list, nil
}
