package decision

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"halfmeg/cmd/edge/internal/nearest"
)

// catalog knows groups by name.
type catalog map[string][]int

func (c catalog) Find(name string) ([]int, bool) {
	classes, ok := c[strings.ToLower(name)]
	return classes, ok
}

func (c catalog) Nearest(name string) string {
	var names []string
	for n := range c {
		names = append(names, n)
	}
	return nearest.Of(name, names)
}

// reported returns the classes and groups in the answers of a Decider with this Config:
// indices of classes, and names of groups.
func reported(t *testing.T, c Config) (classes []int, groups []string) {
	t.Helper()
	c.On, c.Off, c.TopK = 0.5, 0.5, len(labels)
	for _, a := range newDecider(t, c).Decide(make([]float32, len(labels)), at(0)).Answers {
		if a.Group {
			groups = append(groups, a.Name)
		} else {
			classes = append(classes, a.Index)
		}
	}
	return classes, groups
}

func TestAllowAndDeny(t *testing.T) {
	cat, crane := Group{Name: "Cat", Classes: []int{2, 3}}, Group{Name: "crane", Classes: []int{1, 2}}
	for name, c := range map[string]struct {
		config  Config
		classes []int
		groups  []string
	}{
		"all but none":            {Config{}, []int{0, 1, 2, 3, 4}, nil},
		"first name":              {Config{Allow: []string{"tench"}}, []int{0}, nil},
		"second name":             {Config{Allow: []string{" TINCA tinca "}}, []int{0}, nil},
		"whole label":             {Config{Allow: []string{"tabby, tabby cat"}}, []int{2}, nil},
		"index":                   {Config{Allow: []string{"#4"}}, []int{4}, nil},
		"both cranes":             {Config{Allow: []string{"Crane"}}, []int{1, 4}, nil},
		"deny":                    {Config{Deny: []string{"crane", "#0"}}, []int{2, 3}, nil},
		"deny wins":               {Config{Allow: []string{"tench", "crane"}, Deny: []string{"#1", "tench"}}, []int{4}, nil},
		"none is never reported":  {Config{Allow: []string{"none", "#5", "tench"}}, []int{0}, nil},
		"nothing but none":        {Config{Allow: []string{"none"}}, nil, nil},
		"group":                   {Config{Groups: []Group{cat}}, []int{0, 1, 2, 3, 4}, []string{"Cat"}},
		"group alone":             {Config{Groups: []Group{cat}, Allow: []string{"cat"}}, nil, []string{"Cat"}},
		"group not allowed":       {Config{Groups: []Group{cat}, Allow: []string{"tench"}}, []int{0}, nil},
		"group denied":            {Config{Groups: []Group{cat}, Deny: []string{"CAT"}}, []int{0, 1, 4}, nil},
		"member denied":           {Config{Groups: []Group{cat}, Deny: []string{"tabby"}}, []int{0, 1, 3, 4}, []string{"Cat"}},
		"group and class":         {Config{Groups: []Group{crane}, Allow: []string{"crane"}}, []int{1, 4}, []string{"crane"}},
		"catalog":                 {Config{Catalog: catalog{"fish": {0, 4}}, Allow: []string{"Fish"}}, []int{0, 4}, nil},
		"catalog denied":          {Config{Catalog: catalog{"fish": {0, 4}}, Deny: []string{"fish"}}, []int{1, 2, 3}, nil},
		"own group hides catalog": {Config{Catalog: catalog{"cat": {0}}, Groups: []Group{cat}, Deny: []string{"cat"}}, []int{0, 1, 4}, nil},
	} {
		classes, groups := reported(t, c.config)
		slices.Sort(classes)
		require.Equal(t, c.classes, classes, name)
		require.Equal(t, c.groups, groups, name)
	}
}

// A denied class has no events.
func TestDeniedClassHasNoEvents(t *testing.T) {
	d := newDecider(t, Config{On: 0.5, Off: 0.5, Deny: []string{"tench"}})
	require.Empty(t, run(d, 1, 4, steps(0.9, 0, 0.9, 0)))
}

func TestNewRejects(t *testing.T) {
	good := Config{On: 0.6, Off: 0.4}
	for want, change := range map[string]func(c *Config){
		"on level 0: it must be above 0 and at most 1": func(c *Config) { c.On = 0 },
		"on level 1.5": func(c *Config) { c.On = 1.5 },
		"on level NaN": func(c *Config) { c.On = math.NaN() },
		"off level 0.7: it must be above 0 and at most the on level 0.6": func(c *Config) { c.Off = 0.7 },
		"off level NaN":        func(c *Config) { c.Off = math.NaN() },
		"half-life -1s":        func(c *Config) { c.HalfLife = -time.Second },
		"minimum time on -1s":  func(c *Config) { c.MinOn = -time.Second },
		"minimum time off -1s": func(c *Config) { c.MinOff = -time.Second },
		"longest gap -1s":      func(c *Config) { c.MaxGap = -time.Second },
		"-1 top classes":       func(c *Config) { c.TopK = -1 },
		`allow: unknown class or group "tenhc"; did you mean "tench"?`:      func(c *Config) { c.Allow = []string{"crane", "tenhc"} },
		`deny: unknown class or group "egyptian cats"; did you mean "Egypt`: func(c *Config) { c.Deny = []string{"egyptian cats"} },
		`allow: unknown class or group "fsh"; did you mean "fish"?`:         func(c *Config) { c.Catalog, c.Allow = catalog{"fish": {0}}, []string{"fsh"} },
		`allow: unknown class or group "pets"; did you mean "pet"?`:         func(c *Config) { c.Groups, c.Allow = []Group{{"pet", []int{2}}}, []string{"pets"} },
		`allow: unknown class or group ""`:                                  func(c *Config) { c.Allow = []string{""} },
		`deny: unknown class or group "xyzzyplugh"`:                         func(c *Config) { c.Deny = []string{"xyzzyplugh"} },
		`deny: unknown class "#6": the network has classes #0 to #5`:        func(c *Config) { c.Deny = []string{"#6"} },
		`group "pet" has no classes`:                                        func(c *Config) { c.Groups = []Group{{Name: "pet"}} },
		`group "pet": the network has classes 0 to 5, not -1 to 2`:          func(c *Config) { c.Groups = []Group{{"pet", []int{2, -1}}} },
		`group "pet": the network has classes 0 to 5, not 2 to 6`:           func(c *Config) { c.Groups = []Group{{"pet", []int{6, 2}}} },
		`group "pet" contains a class twice`:                                func(c *Config) { c.Groups = []Group{{"pet", []int{2, 3, 2}}} },
		`two groups are named "PET"`:                                        func(c *Config) { c.Groups = []Group{{"pet", []int{2}}, {"PET", []int{3}}} },
		"a group has no name":                                               func(c *Config) { c.Groups = []Group{{" ", []int{2}}} },
		`a group may not be named "None": that name is never reported`:      func(c *Config) { c.Groups = []Group{{"None", []int{2}}} },
	} {
		c := good
		change(&c)
		_, err := New(labels, c)
		require.ErrorContains(t, err, want)
	}
	_, err := New(nil, good)
	require.ErrorContains(t, err, "no classes")
}

func TestFindClasses(t *testing.T) {
	got, err := FindClasses(labels, "crane")
	require.NoError(t, err)
	require.Equal(t, []int{1, 4}, got)
	_, err = FindClasses(labels, "tinca tinka")
	require.EqualError(t, err, `unknown class "tinca tinka"; did you mean "Tinca tinca"?`)
}

// The classes of a network without labels are named by their numbers.
func TestUnnamedClasses(t *testing.T) {
	d, err := New(make([]string, 3), Config{On: 0.5, Off: 0.5, TopK: 1, Allow: []string{"#1", "class 2"}})
	require.NoError(t, err)
	require.Equal(t, []Answer{{Index: 2, Name: "class 2", Label: "class 2", Probability: 1, On: true}},
		d.Decide([]float32{0, 0, 99}, at(0)).Answers)
}

// For any label and name, New returns an error or a Decider that reports only the classes
// with that name.
func FuzzNames(f *testing.F) {
	for _, seed := range [][2]string{
		{"tench, Tinca tinca", "TINCA tinca"}, {"", "class 0"}, {" , ,", "#0"}, {"none", "None"}, {"#1", "#1"}, {"K\u212a", "kk"}, {"\xff,", "\xff"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, label, name string) {
		d, err := New([]string{label, "crane"}, Config{On: 0.5, Off: 0.5, TopK: 2, Allow: []string{name}})
		if err != nil {
			require.Contains(t, err.Error(), "allow: unknown class", "%q", name)
			return
		}
		require.NotEmpty(t, strings.TrimSpace(name))
		for _, a := range d.Decide([]float32{1, 1}, epoch).Answers {
			require.NotEmpty(t, a.Name)
			require.NotEqual(t, "none", strings.ToLower(a.Name))
			found, err := FindClasses([]string{label, "crane"}, name)
			require.NoError(t, err)
			require.Contains(t, found, a.Index)
		}
	})
}

// Allow and Deny decide which events are possible.
func TestReports(t *testing.T) {
	c := Config{On: 0.5, Off: 0.5, Allow: []string{"tench", "Fish", "crane"}, Deny: []string{"#2"}, Groups: []Group{{Name: "fish", Classes: []int{0}}, {Name: "birds", Classes: []int{1}}}}
	d, err := New([]string{"tench", "crane", "crane", "none"}, c)
	require.NoError(t, err)
	for class, want := range []bool{true, true, false, false} {
		require.Equal(t, want, d.ReportsClass(class), class)
	}
	require.True(t, d.ReportsGroup(" FISH"))
	require.False(t, d.ReportsGroup("birds"))
}
