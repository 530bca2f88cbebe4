package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/internal/testdata"
)

// A WordNet of a few words. Dog has two hypernyms; the word dog means the animal first, then a
// car; matter is too general; only an added hypernym joins bus and car.
const (
	smallData = `  1 A licence
00000001 03 n 01 entity 0 000 | all
00000002 03 n 02 animal 0 beast 0 001 @ 00000001 n 0000 | lives
00000003 03 n 01 pet 0 001 @ 00000002 n 0000 | lives with us
00000004 05 n 02 Dog 0 wood 0 003 @ 00000002 n 0000 @ 00000003 n 0000 ~ 00000005 n 0000 | barks | loudly
00000005 05 n 01 bull_terrier 0 001 @ 00000004 n 0000 | a class
00000006 05 n 0a pug 0 b 0 c 0 d 0 e 0 f 0 g 0 h 0 i 0 j 0 001 @ 00000004 n 0000 | a class
00000007 05 n 01 Tom 0 001 @i 00000003 n 0000 | a class
00000008 05 n 01 newt 0 001 @ 00000002 n 0000 | a class
04524313 06 n 01 vehicle 0 001 @ 00000001 n 0000 | moves
04019101 06 n 01 public_transport 0 001 @ 00000001 n 0000 | moves many
00000009 06 n 01 bus 0 001 @ 04019101 n 0000 | a class
00000010 06 n 02 car 0 dog 0 001 @ 04524313 n 0000 | a class
00000011 06 n 01 van 0 001 @ 04524313 n 0000 | a class
00020827 03 n 01 matter 0 001 @ 00000001 n 0000 | too general
00000012 03 n 01 iron 0 001 @ 00020827 n 0000 | a class
00000013 03 n 01 gold 0 001 @ 00020827 n 0000 | a class
`
	smallIndex = `  1 A licence
animal n 1 1 @ 1 0 00000002
beast n 2 1 @ 2 0 00000099 00000002
dog n 2 2 @ ~ 2 0 00000004 00000010
pet n 1 1 @ 1 0 00000003
matter n 1 1 @ 1 0 00020827
public_transport n 1 1 @ 1 0 04019101
vehicle n 1 1 @ 1 0 04524313
wood n 3 1 @ 3 0 00000099 00000098 00000004
`
)

var smallClasses = []string{
	"00000005", "00000006", "00000007", "00000008", "00000009", "00000010", "00000011", "00000012", "00000013",
}

func TestTable(t *testing.T) {
	w, err := parse(smallData, smallIndex)
	require.NoError(t, err)
	table, err := newTable(w, smallClasses)
	require.NoError(t, err)
	want := header + `bull terrier
pug
Tom
newt
bus
car
van
iron
gold

animal, beast: 0-3
pet: 0-2
vehicle: 4-6
`
	// Class 5 has the word dog, too, but the most frequent meaning is the animal.
	want = strings.Replace(want, "pet:", "Dog: 0-1\npet:", 1)
	require.Equal(t, want, string(table.text()))
}

func TestParseErrors(t *testing.T) {
	for name, c := range map[string]struct{ data, index, want string }{
		"data":     {"  1 licence\n00000001 03 n 02 entity 0 000 | x\n", "", "data.noun:2"},
		"pointers": {"00000001 03 n 01 entity 0 001 @ 00000002 n\n", "", "data.noun:1"},
		"no count": {"00000001 03 n\n", "", "data.noun:1"},
		"offset":   {"1 03 n 01 entity 0 000 |\n", "", "data.noun:1"},
		"index":    {"", "entity n 2 0 1 0 00000001\n", ""},
		"count":    {"", "entity n 9 0 1 0 00000001\n", "index.noun:1"},
		"synset":   {"", "entity n 1 0 1 0 x\n", "index.noun:1"},
	} {
		_, err := parse(c.data, c.index)
		if c.want == "" {
			require.Error(t, err, name)
			continue
		}
		require.ErrorContains(t, err, c.want, name)
	}
}

func TestTableErrors(t *testing.T) {
	w, err := parse("00000001 03 n 01 a 0 001 @ 00000002 n 0000 |\n", "")
	require.NoError(t, err)
	_, err = newTable(w, []string{"00000009"})
	require.ErrorContains(t, err, "class 0: WordNet has no synset 00000009")
	_, err = newTable(w, []string{"00000001"})
	require.ErrorContains(t, err, "00000002")
}

func TestParseClasses(t *testing.T) {
	classes, err := parseClasses("n00000001 tench, Tinca tinca\nn00000002\n")
	require.NoError(t, err)
	require.Equal(t, []string{"00000001", "00000002"}, classes)
	for _, text := range []string{"n00000001\ntench\n", "00000001\n", "\n", "n1 tench\n"} {
		_, err := parseClasses(text)
		require.ErrorContains(t, err, "not a WordNet id", text)
	}
}

// The committed table is what this tool generates from WordNet, byte for byte.
func TestCommittedTable(t *testing.T) {
	const dir = "/usr/share/wordnet"
	if _, err := os.Stat(filepath.Join(dir, "data.noun")); err != nil {
		t.Skip("LEFT OUT: the groups against WordNet: need Debian's wordnet-base; make deps installs it")
	}
	got, err := build(dir, testdata.Path(t, "images/synset_words.txt"))
	require.NoError(t, err)
	want, err := os.ReadFile("../../cmd/edge/internal/groups/imagenet.txt")
	require.NoError(t, err)
	require.Equal(t, string(want), string(got), "run: make groups")
	require.Less(t, len(got), 40_000)
}

// For any files the tool returns an error or a table.
func FuzzTable(f *testing.F) {
	f.Add(smallData, smallIndex)
	f.Add("00000005 03 n 01 a 0 001 @ 00000005 n 0000 |\n", "a n 1 0 1 0 00000005\n") // its own hypernym
	f.Fuzz(func(t *testing.T, data, index string) {
		w, err := parse(data, index)
		if err != nil {
			return
		}
		table, err := newTable(w, smallClasses)
		if err != nil {
			return
		}
		require.Len(t, table.classes, len(smallClasses))
		for _, g := range table.groups {
			require.NotEmpty(t, g.names)
			require.NotEmpty(t, g.members, g.names)
			require.True(t, slices.IsSorted(g.members), g.names)
			require.GreaterOrEqual(t, g.members[0], 0)
			require.Less(t, g.members[len(g.members)-1], len(smallClasses))
		}
	})
}
