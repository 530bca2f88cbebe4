package labels

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"halfmeg/internal/testdata"
)

func writeFile(t *testing.T, text string) string {
	path := filepath.Join(t.TempDir(), "labels.txt")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	return path
}

func TestRead(t *testing.T) {
	tench := []string{"tench", "gold fish"}
	full := []string{"tench, Tinca tinca", "goldfish, Carassius auratus"}
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"plain":             {"tench\ngold fish\n", tench},
		"windows":           {"\ufefftench\r\ngold fish\r\n\r\n", tench},
		"old Macintosh":     {"tench\rgold fish\r", tench},
		"empty lines":       {"\n\ntench\n\ngold fish", tench},
		"commas":            {"tench, Tinca tinca\ngoldfish, Carassius auratus", full},
		"commas at the end": {"tench,\ngold fish,\n", tench},
		"commas between":    {"tench,\ngold fish\n", tench},
		"quotes":            {"\"tench\",\n\"gold fish\"\n", tench},
		"quotes of CSV":     {"\"a \"\"b\"\"\"\n\"c\"", []string{`a "b"`, "c"}},
		"one quoted":        {"tench\n'gold fish'\n", []string{"tench", "'gold fish'"}},

		"wordnet":          {"n01440764 tench, Tinca tinca\nn01443537\tgoldfish, Carassius auratus", full},
		"wordnet CSV":      {"\"n01440764\",\"tench\"\nn01443537,gold fish", nil},
		"ids alone":        {"n01440764\nn01443537", []string{"n01440764", "n01443537"}},
		"map_clsloc":       {"n02119789 1 tench\nn02100735 2 gold fish", tench},
		"wordnet numbered": {"0 n01440764 tench\n1 n01443537 gold fish", tench},

		"numbers":            {"0 tench\n1 gold fish\n", tench},
		"numbers from 1":     {"1 tench\n2 gold fish\n", tench},
		"colons":             {"0: tench,\n1: gold fish,\n", tench},
		"colon, no space":    {"0:tench\n1:gold fish", tench},
		"tab":                {"0\ttench\n1\tgold fish", tench},
		"dot":                {"1. tench\n2. gold fish", tench},
		"bracket":            {"1) tench\n2) gold fish", tench},
		"dash":               {"0 - tench\n1 - gold fish", tench},
		"CSV":                {"id,name\n0,tench\n1,\"gold fish\"\n", tench},
		"CSV quoted":         {"\"0\",\"tench\"\n\"1\",\"gold fish\"\n", nil},
		"out of order":       {"1 gold fish\n0 tench\n", tench},
		"quoted values":      {"0: 'tench',\n1: 'gold fish'", tench},
		"numbers at the end": {"tench,0\n\"gold fish\",1", tench},
		"class_to_idx CSV":   {"name,label\ngold fish;1\ntench;0", tench},
		"CSV with both":      {"id;name\n1;gold fish\n0;tench", tench},
		"ids at the end":     {"tench n01440764\ngold fish, n01443537", tench},
		"products":           {"vitamin 1\nvitamin 2", []string{"vitamin 1", "vitamin 2"}},
		"no numbers at end":  {"a,1\nb,7", []string{"a,1", "b,7"}},
		"one numbered":       {"0: tench", []string{"tench"}},
		"one with a number":  {"1 tench", []string{"1 tench"}},
		"coins":              {"1 euro\n2 euro", []string{"1 euro", "2 euro"}},
		"other numbers":      {"1 cent\n5 cent\n10 cent", []string{"1 cent", "5 cent", "10 cent"}},
		"bare numbers":       {"0\n1\n2", []string{"0", "1", "2"}},
		"same label twice":   {"0 crane\n1 crane\n2 tench", []string{"crane", "crane", "tench"}},

		"YAML list":        {"- tench\n- gold fish", tench},
		"YAML names":       {"names:\n  - tench\n  - gold fish", tench},
		"YAML map":         {"names:\n  0: tench\n  1: gold fish", tench},
		"YAML flow":        {"names: [tench, gold fish]", tench},
		"label in bracket": {"(none)\ntench", []string{"(none)", "tench"}},
		"dashes":           {"--tench\ngold fish", []string{"--tench", "gold fish"}},

		"JSON":            {"[\"tench\",\n\"gold fish\"]", tench},
		"JSON escapes":    {`["t\u00e9nch \ud83d\udc1f", "a\"b\/c"]`, []string{"ténch 🐟", `a"b/c`}},
		"JSON ids":        {`[["n01440764", "tench"], ["n01443537", "gold fish"]]`, tench},
		"JSON numbers":    {`[[1, "gold fish"], [0, "tench"]]`, tench},
		"JSON synonyms":   {`[["tench", "Tinca tinca"], ["goldfish", "Carassius auratus"]]`, full},
		"JSON objects":    {`[{"id": 1, "name": "gold fish"}, {"id": 0, "name": "tench"}]`, tench},
		"index map":       {`{"0": "tench", "1": "gold fish"}`, tench},
		"index map from1": {`{"2": "gold fish", "1": "tench"}`, tench},
		"Keras":           {`{"0": ["n01440764", "tench"], "1": ["n01443537", "gold fish"]}`, tench},
		"Hugging Face":    {`{"model_type": "x", "id2label": {"0": "tench", "1": "gold fish"}, "label2id": {"tench": 0}}`, tench},
		"class_to_idx":    {`{"gold fish": 1, "tench": 0}`, tench},
		"quoted numbers":  {`{"gold fish": "1", "tench": "0"}`, tench},
		"number names":    {`{"0": "7", "1": "9"}`, []string{"7", "9"}},
		"by id":           {`{"n01440764": "tench", "n01443537": "gold fish"}`, tench},
		"by id, numbers":  {`{"n01443537": [1, "gold fish"], "n01440764": [0, "tench"]}`, tench},
		"objects by id":   {`{"0": {"id": "n01440764-n", "label": "tench"}, "1": {"label": "gold fish", "uri": ""}}`, tench},
		"one line":        {`["tench", "gold fish",]`, tench},

		"Python dict":     {"{0: 'tench, Tinca tinca',\n 1: 'goldfish, Carassius auratus'}", full},
		"Python list":     {"classes = ['tench', 'gold fish',]  # of ImageNet\n", tench},
		"Python tuple":    {"(\"tench\", u'gold fish')", tench},
		"Python tuples":   {"[(0, 'tench'), (1, 'gold fish')]", tench},
		"Python comments": {"# coding: utf-8\n# \"[\"\n\nCLASSES = {\n  0: 'it\\'s', # zero\n  1: \"jack-o'-lantern\",\n}", []string{"it's", "jack-o'-lantern"}},
		"JavaScript":      {"export const LABELS = {\n  // first\n  0: 'tench', /* { */ 1: 'gold fish'\n};\n", tench},
	} {
		t.Run(name, func(t *testing.T) {
			if c.want == nil {
				c.want = tench
			}
			l, err := Read(writeFile(t, c.text))
			require.NoError(t, err)
			require.Equal(t, c.want, l.Names)
		})
	}
	l, err := Read(testdata.Path(t, "images/synset_words.txt"))
	require.NoError(t, err)
	require.Len(t, l.Names, 1000)
	require.Equal(t, "tench, Tinca tinca", l.Names[0])
	require.Equal(t, "n01440764", l.IDs[0])
	require.Empty(t, l.Notes)
}

func TestReadUTF16(t *testing.T) {
	for _, high := range []int{0, 1} {
		var file []byte
		for _, u := range utf16.Encode([]rune("\ufeffténch\r\ngold fish\r\n")) {
			file = append(file, [][]byte{{byte(u >> 8), byte(u)}, {byte(u), byte(u >> 8)}}[high]...)
		}
		l, err := Read(writeFile(t, string(file)))
		require.NoError(t, err)
		require.Equal(t, []string{"ténch", "gold fish"}, l.Names)
	}
}

func TestReadRejects(t *testing.T) {
	for text, want := range map[string]string{
		"":                                   "line 1 has no label",
		" \n\r\n":                            "line 1 has no label",
		"\xff\xfe\x00":                       "UTF-8",
		"t\xe9nch":                           "UTF-8",
		"tench\x00":                          "UTF-8",
		"[\"tench\",\n \"gold":               "line 2: the quotes are not closed",
		"[\"tench\" \"gold\"]":               "line 1: expected a comma",
		"{\"0\": \"tench\"":                  "ends within a list or a map",
		"{\"0\" \"tench\"}":                  "expected a colon",
		"[\"a\"]\n[\"b\"]":                   "line 2: text follows after the end",
		"[]":                                 "the list or map of labels is empty",
		"[\"\"]":                             "label 0 is empty",
		"[1.5]":                              "item 0 of the list is no label",
		"[null]":                             "item 0 of the list is no label",
		"[1, 2]":                             "item 0 of the list is no label",
		"[[1, 2, \"x\"]]":                    "item 0 of the list is no label",
		`{"0": "a", "2": "b"}`:               "numbered 0…2, but number 1 is missing",
		`{"a": 0, "b": 0}`:                   `two labels have the number 0: "a" and "b"`,
		`{"5": "a", "6": "b"}`:               "numbered from 5",
		`{"-1": "a", "0": "b"}`:              "numbered from -1",
		`{"0": 7}`:                           `entry "0" is neither`,
		`{"x": "a"}`:                         `entry "x" is neither number: label nor label: number`,
		`{"0": "a", "n01440764": "b"}`:       "some labels have a number",
		"0: a\n2: b":                         "its lines are numbered, from \"0: a\" to \"2: b\"",
		"item {\n id: 1\n name: 'x'\n}":      "label map of TensorFlow",
		"{0:" + strings.Repeat("[", 100_000): "nested too deeply",
		`["\u12"]`:                           "hexadecimal digits",
	} {
		path := writeFile(t, text)
		_, err := Read(path)
		require.ErrorContains(t, err, path+": ", text)
		require.ErrorContains(t, err, want, text)
	}
	_, err := Read(t.TempDir())
	require.ErrorContains(t, err, "is a directory")
	_, err = Read("missing.txt")
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = Read(os.DevNull)
	require.ErrorContains(t, err, "is not a regular file")
}

func TestIDs(t *testing.T) {
	for _, text := range []string{
		"n01440764 tench\nn01443537 goldfish",
		"n01440764\nn01443537",
		"0: n01440764 tench\n1: n01443537 goldfish",
		`{"0": ["n01440764", "tench"], "1": ["n01443537", "goldfish"]}`,
		`{"n01443537": 1, "n01440764": 0}`,
		`[{"wnid": "n01440764", "name": "tench"}, {"id": "n01443537", "name": "goldfish"}]`,
	} {
		l, err := Read(writeFile(t, text))
		require.NoError(t, err)
		require.Equal(t, []string{"n01440764", "n01443537"}, l.IDs, text)
	}
	l, err := Read(writeFile(t, "none\nn01440764 tench\ncat"))
	require.NoError(t, err)
	require.Equal(t, []string{"", "n01440764", ""}, l.IDs)
	require.True(t, IsID("n01440764"))
	require.False(t, IsID("n01440764 tench"))
	require.False(t, IsID("tench"))
}

func TestNotes(t *testing.T) {
	l, err := Read(writeFile(t, "1 tench\n2 goldfish"))
	require.NoError(t, err)
	require.Equal(t, []string{`the numbers in front of the labels, from 1, are dropped: the first label is "tench"`}, l.Notes)
	l, err = Read(writeFile(t, `{"1": "tench", "2": "goldfish"}`))
	require.NoError(t, err)
	require.Equal(t, []string{"the labels are numbered from 1: number 1 names class 0"}, l.Notes)
}

func TestFit(t *testing.T) {
	path := writeFile(t, "background\ntench\nn01443537 goldfish\n")
	l, err := Read(path)
	require.NoError(t, err)
	same, err := l.Fit(3)
	require.NoError(t, err)
	require.Equal(t, l, same)
	cut, err := l.Fit(2)
	require.NoError(t, err)
	require.Equal(t, []string{"tench", "goldfish"}, cut.Names)
	require.Equal(t, []string{"", "n01443537"}, cut.IDs)
	require.Equal(t, []string{`the first label, "background", is dropped: the network has no class for it`}, cut.Notes)
	_, err = l.Fit(9)
	require.EqualError(t, err, path+`: 3 labels for 9 classes: the first label is "background", the last "goldfish"`)
	_, err = l.Fit(4)
	require.ErrorContains(t, err, "if class 0 is the background, add a line for it")

	l, err = Read(writeFile(t, "Fish\ntench\n\n"+strings.Repeat("x", 100)))
	require.NoError(t, err)
	_, err = l.Fit(2)
	require.ErrorContains(t, err, `3 labels for 2 classes: the first label is "Fish", the last "`+strings.Repeat("x", 60)+`…"; line 3 is empty`)
}

// FuzzParse: any text is rejected or becomes labels that are not empty, with as many
// ids as names.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"tench\n\ngold fish", "0: tench,\n1: gold fish,", "id,name\n\"0\",\"a\"", "names:\n - a\n - b", "n01440764 1 tench\nn01443537 2 b",
		"classes = {0: 'a\\u00e9', # x\n 1: \"b\"}", `{"0": ["n01440764", "tench"]}`, `[{"id": 0, "name": "x"}]`, `{"id2label": {"0": "a"}}`,
		"(u'a', /* b */ c);", "\xff\xfea\x00", `{"n01440764": [0, "tench", "b"]}`, `["\ud83d\udc1f\x41"]`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		l, err := parse(data)
		if err != nil {
			require.True(t, utf8.ValidString(err.Error()) && len(err.Error()) < 1000)
			return
		}
		require.NotEmpty(t, l.Names)
		require.True(t, l.IDs == nil || len(l.IDs) == len(l.Names))
		for _, name := range l.Names {
			require.NotEmpty(t, name)
			require.True(t, utf8.ValidString(name))
		}
	})
}
