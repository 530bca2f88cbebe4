package flags

import (
	"testing"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"

	"halfmeg/cmd/edge/internal/decision"
	"halfmeg/cmd/edge/internal/groups"
	"halfmeg/model/pretrained"
	"halfmeg/model/sqz"
)

// labels are those of the built-in network.
func labels(t *testing.T) []string {
	t.Helper()
	file, err := pretrained.Bytes(pretrained.Default)
	require.NoError(t, err)
	n, err := sqz.Decode(file)
	require.NoError(t, err)
	return n.Labels
}

func TestParseGroup(t *testing.T) {
	l := labels(t)
	catalog := groups.Builtin(l)
	dog, err := parseGroup("dog", l, catalog)
	require.NoError(t, err)
	require.Equal(t, "dog", dog.Name)
	require.Len(t, dog.Classes, 118)

	pets, err := parseGroup("pets=dog,goldfish, #2,Goldfish", l, catalog)
	require.NoError(t, err)
	require.Equal(t, decision.Group{Name: "pets", Classes: append(dog.Classes, 1, 2)}, pets)

	for text, want := range map[string]string{
		"":             "expected a name",
		"=dog":         "expected a name",
		"pets=dog,cta": `"cta"`,
		"vehicel":      `the nearest group is "vehicle"`,
	} {
		_, err := parseGroup(text, l, catalog)
		require.ErrorContains(t, err, want, text)
	}
}

func TestDecisionFlags(t *testing.T) {
	var d Decision
	set := pflag.NewFlagSet("", pflag.ContinueOnError)
	d.Add(set)
	require.NoError(t, set.Parse([]string{"--group", "dog", "--allow", "dog", "--allow", "tench, Tinca tinca", "--on", "70%", "--half-life", "2", "--min-off=1m"}))
	_, err := d.Decider(labels(t))
	require.NoError(t, err)

	require.NoError(t, set.Set("off", "0.8"))
	_, err = d.Decider(labels(t))
	require.ErrorContains(t, err, "0.8")
	require.Error(t, set.Set("min-on", "-1s"))
	require.Error(t, set.Set("half-life", "soon"))
}

// In the configuration file a whole label, with its commas, is one member of a group.
func TestOwnGroups(t *testing.T) {
	l := labels(t)
	d := Decision{config: decision.Config{On: 0.5, Off: 0.5, TopK: 1}}
	d.Groups = map[string][]string{"fish": {"tench, Tinca tinca", "goldfish"}}
	_, err := d.Decider(l)
	require.NoError(t, err)
	fish, err := newGroup("fish", d.Groups["fish"], l, groups.Builtin(l))
	require.NoError(t, err)
	require.Equal(t, []int{0, 1}, fish.Classes)
	for _, members := range [][]string{{"goldfihs"}, {}} {
		d.Groups["fish"] = members
		_, err = d.Decider(l)
		require.ErrorContains(t, err, "fish")
	}
}
