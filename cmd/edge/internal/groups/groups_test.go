package groups

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/model/pretrained"
)

// imagenetLabels returns the labels of the default built-in network.
func imagenetLabels(t *testing.T) []string {
	t.Helper()
	n, err := pretrained.Load(pretrained.Default)
	require.NoError(t, err)
	return n.Labels
}

func builtin(t *testing.T) *Table {
	t.Helper()
	table := Builtin(imagenetLabels(t))
	require.NotEmpty(t, table.Names())
	return table
}

func TestBuiltinFitsEveryEmbeddedNetwork(t *testing.T) {
	for _, name := range pretrained.Names() {
		n, err := pretrained.Load(name)
		require.NoError(t, err)
		require.NotEmpty(t, Builtin(n.Labels).Names(), name)
	}
}

func TestFind(t *testing.T) {
	table, labels := builtin(t), imagenetLabels(t)
	for _, c := range []struct {
		name    string
		size    int
		in, out string // names of classes
	}{
		{name: "dog", size: 118, in: "pug", out: "dingo"},
		{name: " DOMESTIC_dog ", size: 118, in: "pug", out: "timber wolf"},
		{name: "cat", size: 7, in: "tabby", out: "lion"},
		{name: "big cat", size: 6, in: "lion", out: "tabby"},
		{name: "bird", size: 59, in: "goldfinch", out: "tench"},
		{name: "fruit", size: 16, in: "lemon", out: "cucumber"},
		{name: "vehicle", size: 71, in: "school bus", out: "stretcher"},
		{name: "automobile", size: 10, in: "cab", out: "freight car"},
		{name: "car", size: 10, in: "cab", out: "freight car"},
		{name: "food", size: 48, in: "lemon", out: "daisy"},
		{name: "footwear", size: 8, in: "sandal", out: "mitten"},
		{name: "animal", size: 398, in: "tench", out: "coral fungus"},
	} {
		classes, ok := table.Find(c.name)
		require.True(t, ok, c.name)
		require.Len(t, classes, c.size, c.name)
		require.True(t, slices.IsSorted(classes), c.name)
		var names []string
		for _, class := range classes {
			first, _, _ := strings.Cut(labels[class], ",")
			names = append(names, first)
		}
		require.Contains(t, names, c.in, c.name)
		require.NotContains(t, names, c.out, c.name)
	}
	for _, name := range []string{"", "entity", "artifact", "substance", "tench", "wood", "dogs"} {
		_, ok := table.Find(name)
		require.False(t, ok, name)
	}
}

// Every group has a unique name, and a size within the limits of tools/wordnet.
func TestGroups(t *testing.T) {
	table := builtin(t)
	require.Greater(t, len(table.names), 300)
	require.True(t, slices.IsSortedFunc(table.names, func(a, b string) int {
		return strings.Compare(strings.ToLower(a), strings.ToLower(b))
	}))
	require.Len(t, table.members, len(table.all), "two groups share a name")
	for name, classes := range table.members {
		require.GreaterOrEqual(t, len(classes), 2, name)
		require.LessOrEqual(t, len(classes), 500, name)
		require.GreaterOrEqual(t, classes[0], 0, name)
		require.Less(t, classes[len(classes)-1], 1000, name)
		require.True(t, slices.IsSorted(classes), name)
		require.Len(t, slices.Compact(slices.Clone(classes)), len(classes), name)
	}
}

// The caller may modify the results of Find and Names.
func TestResultsAreCopies(t *testing.T) {
	table := builtin(t)
	classes, _ := table.Find("dog")
	classes[0] = -1
	table.Names()[0] = "changed"
	again, _ := table.Find("dog")
	require.Equal(t, 151, again[0])
	require.NotEqual(t, "changed", table.Names()[0])
}

func TestNearest(t *testing.T) {
	table := builtin(t)
	for name, want := range map[string]string{
		"dogs": "dog", "Vehicel": "vehicle", "automobil": "automobile", "brd": "bird", "xqzwvkxj": "",
	} {
		require.Equal(t, want, table.Nearest(name), name)
	}
}

func TestOnlyImageNet(t *testing.T) {
	labels := imagenetLabels(t)

	bare := make([]string, len(labels)) // only the first names, in capitals
	for i, l := range labels {
		first, _, _ := strings.Cut(l, ",")
		bare[i] = strings.ToUpper(first)
	}
	require.NotEmpty(t, Builtin(bare).Names())

	few := slices.Clone(labels)
	for i := range 50 {
		few[10*i] = "corrected"
	}
	require.NotEmpty(t, Builtin(few).Names())

	shifted := append(slices.Clone(labels[1:]), labels[0])
	many := slices.Clone(labels)
	for i := range 200 {
		many[5*i] = "mine"
	}
	for name, other := range map[string][]string{
		"none": nil, "unnamed": make([]string, 1000), "shifted": shifted, "short": labels[:999],
		"long": append(slices.Clone(labels), "none"), "many others": many,
	} {
		table := Builtin(other)
		require.Empty(t, table.Names(), name)
		require.Empty(t, table.Nearest("dog"), name)
		_, ok := table.Find("dog")
		require.False(t, ok, name)
	}
}
