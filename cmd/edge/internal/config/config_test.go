package config

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"
)

// values are the variables of the flags in these tests.
type values struct {
	camera, password, listen, on string
	rate                         float64
	threads                      int
	mirror                       bool
	patience                     time.Duration
	allow                        []string
	groups                       map[string][]string
}

func newFlags() (*pflag.FlagSet, *values, map[string]Structured) {
	v := &values{}
	f := pflag.NewFlagSet("run", pflag.ContinueOnError)
	f.StringVar(&v.camera, "camera", "", "`camera` to look through")
	f.StringVar(&v.password, "mqtt-password", "", "password")
	f.StringVar(&v.listen, "listen", "", "address of the page")
	f.Lookup("listen").NoOptDefVal = "127.0.0.1:8080"
	f.Float64Var(&v.rate, "rate", 0, "frames a second")
	f.IntVar(&v.threads, "threads", 4, "threads")
	f.BoolVar(&v.mirror, "mirror", false, "mirror")
	f.DurationVar(&v.patience, "patience", 0, "time to wait")
	f.StringSliceVar(&v.allow, "allow", nil, "classes")
	f.StringVar(&v.on, "on", "", "level")
	f.String("config", "", "file")
	MarkSecret(f, "mqtt-password")
	MarkAddress(f, "camera")
	return f, v, map[string]Structured{"groups": Lists(&v.groups, "groups of classes")}
}

// apply parses the flags of a command line and applies a document.
func apply(t *testing.T, text string, args ...string) (*values, *Settings, error) {
	t.Helper()
	f, v, structured := newFlags()
	require.NoError(t, f.Parse(args))
	d, err := Parse("c.yaml", []byte(text))
	if err != nil {
		return v, nil, err
	}
	s, err := d.Apply(f, structured)
	return v, s, err
}

func TestApply(t *testing.T) {
	v, s, err := apply(t, `
# what to look at
camera: rtsp://pi:s3cret@door.local/stream
rate: 2.5
mirror: true
patience: 1m30s
allow: [robin, "tench, Tinca tinca", 7]
listen: true
mqtt-password: "p#1"
groups:
  bird: [robin, jay]
  big cat:
    - lion
on: 30%
`, "--threads", "2", "--rate=5")
	require.NoError(t, err)
	require.Equal(t, &values{
		camera: "rtsp://pi:s3cret@door.local/stream", password: "p#1", on: "30%", listen: "127.0.0.1:8080", rate: 5, threads: 2, mirror: true,
		patience: 90 * time.Second, allow: []string{"robin", "tench, Tinca tinca", "7"},
		groups: map[string][]string{"bird": {"robin", "jay"}, "big cat": {"lion"}},
	}, v)
	var b strings.Builder
	require.NoError(t, s.Write(&b))
	require.Equal(t, `allow: [robin, "tench, Tinca tinca", 7]  # c.yaml:7
# camera: "rtsp://pi:(hidden)@door.local/stream"  # c.yaml:3
groups:  # c.yaml:10
  bird: [robin, jay]
  "big cat": [lion]
listen: "127.0.0.1:8080"  # c.yaml:8
mirror: true  # c.yaml:5
# mqtt-password: "(hidden)"  # c.yaml:9
on: 30%  # c.yaml:14
patience: 1m30s  # c.yaml:6
rate: 5  # flag
threads: 2  # flag
`, b.String())
}

func TestDefaults(t *testing.T) {
	for _, text := range []string{"", "# nothing\n", "---\n", "null", "\n\n"} {
		v, s, err := apply(t, text)
		require.NoError(t, err, "%q", text)
		require.Equal(t, 4, v.threads)
		var b strings.Builder
		require.NoError(t, s.Write(&b))
		require.Contains(t, b.String(), "# threads: 4  # default\n")
		for line := range strings.Lines(b.String()) {
			require.True(t, strings.HasPrefix(line, "# "), line)
		}
	}
}

func TestErrors(t *testing.T) {
	for text, want := range map[string]string{
		"camra: auto":                       "c.yaml:1: unknown key camra; did you mean camera?",
		"x: 1":                              "c.yaml:1: unknown key x; the keys are the names of the flags of edge run",
		"rate: 2\n\"\\e[2J\\nx\": 1":        `c.yaml:2: unknown key "\x1b[2J\nx"; the keys`,
		"config: a":                         "c.yaml:1: config is a flag, not a key of the file",
		"rate: fast":                        "c.yaml:1: rate: expected a number, got fast",
		"rate: [1, 2]":                      "c.yaml:1: rate: expected one value, got a list",
		"rate: true":                        "c.yaml:1: rate: expected a value, got true",
		"threads: 2.5":                      "c.yaml:1: threads: expected a whole number, got 2.5",
		"\nthreads:\n\n":                    "c.yaml:2: threads: no value",
		"threads: {a: 1}":                   "c.yaml:1: threads: expected a value, got a map",
		"mirror: yes":                       `c.yaml:1: mirror: expected true or false, got "yes"`,
		"mirror: 1":                         "c.yaml:1: mirror: expected true or false, got 1",
		"patience: 30":                      "c.yaml:1: patience: expected a time with its unit, such as 30s, 5m or 12h, got 30",
		"allow:\n- a\n- [b]":                "c.yaml:3: allow: expected a list of texts, got a list in it",
		"rate: 1\nmirror: true\nrate: 2":    "c.yaml:3: duplicate key rate, first in line 1",
		"groups:\n  a: [b]\n  a: [c]":       "c.yaml:3: duplicate key a, first in line 2",
		"groups:\n  a: b":                   "c.yaml:2: groups: a: expected a list",
		"groups: [a]":                       "c.yaml:1: groups: expected a map from names to lists",
		"\n\trate: 1":                       "c.yaml:2: the line starts with a tab",
		"rate: 1\n  mirror: true":           "c.yaml:2: not YAML: mapping values are not allowed",
		"rate: 'a":                          "c.yaml: not YAML: found unexpected end of stream",
		"just a text":                       "c.yaml:1: expected lines such as camera: auto, got a text",
		"- a":                               "c.yaml:1: expected lines such as camera: auto, got a list",
		"rate: 1\n---\nrate: 2":             "c.yaml:2: a second document starts here",
		"a: &x [a]\nallow: *x":              "c.yaml:1: anchors (&) and aliases (*)",
		"camera: !secret door":              "c.yaml:1: tags such as !secret",
		"? [a]\n: b":                        "c.yaml:1: a key must be a text, got a list",
		"a: [[[[[[[[[[1]]]]]]]]]]":          "c.yaml:1: nested too deeply",
		"camera: a\ncamera-file: b":         "c.yaml:2: camera and camera-file exclude each other",
		"mqtt-password-file: missing":       "c.yaml:1: mqtt-password-file: open missing: no such file",
		"rate-file: a":                      "c.yaml:1: unknown key rate-file",
		"\x00":                              "c.yaml: not YAML: control characters are not allowed",
		"a: \xff":                           "c.yaml: not YAML: ",
		strings.Repeat("[", 20_000):         "c.yaml",
		strings.Repeat("#\n", maxSize):      "c.yaml: more than 256 kB",
		strings.Repeat("{a: ", 5_000) + "x": "c.yaml",
	} {
		_, _, err := apply(t, text)
		require.ErrorContains(t, err, want)
		require.NotContains(t, err.Error(), "\n")
	}
}

// The error for an invalid secret does not contain it.
func TestSecretIsNotInErrors(t *testing.T) {
	f, _, _ := newFlags()
	MarkSecret(f, "rate")
	for _, text := range []string{"rate: s3cret", "rate-file: " + secretFile(t, "s3cret")} {
		d, err := Parse("c.yaml", []byte(text))
		require.NoError(t, err)
		_, err = d.Apply(f, nil)
		require.ErrorContains(t, err, "expected a number")
		require.NotContains(t, err.Error(), "s3cret")
	}
	t.Setenv("HALFMEG_RATE", "s3cret")
	_, err := (&Document{}).Apply(f, nil)
	require.EqualError(t, err, "environment variable HALFMEG_RATE: expected a number")
}

func secretFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// The flag wins over the environment, the environment over a file, and the file over the
// document.
func TestSecrets(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "secret"), []byte("from file \n"), 0o600))
	read := func(text string, args ...string) (string, string) {
		f, v, _ := newFlags()
		require.NoError(t, f.Parse(args))
		d, err := Parse(filepath.Join(dir, "c.yaml"), []byte(text))
		require.NoError(t, err)
		s, err := d.Apply(f, nil)
		require.NoError(t, err)
		var b strings.Builder
		require.NoError(t, s.Write(&b))
		require.NotContains(t, b.String(), "from")
		for line := range strings.Lines(b.String()) {
			if strings.Contains(line, "mqtt-password") {
				return v.password, strings.TrimSpace(line)
			}
		}
		return v.password, ""
	}
	password, line := read("mqtt-password-file: secret")
	require.Equal(t, "from file ", password)
	require.Equal(t, `# mqtt-password: "(hidden)"  # `+filepath.Join(dir, "c.yaml")+":1", line)

	t.Setenv("HALFMEG_MQTT_PASSWORD", "from environment")
	t.Setenv("HALFMEG_RATE", "7") // ignored: rate is not a secret
	password, line = read("mqtt-password-file: secret\nrate: 3")
	require.Equal(t, "from environment", password)
	require.Contains(t, line, "environment HALFMEG_MQTT_PASSWORD")

	password, _ = read("mqtt-password-file: secret", "--mqtt-password", "from flag")
	require.Equal(t, "from flag", password)
}

// A path in the file is relative to its folder, a path on the command line to the working
// directory. Write writes absolute paths.
func TestPaths(t *testing.T) {
	here, err := filepath.Abs(".")
	require.NoError(t, err)
	for _, c := range []struct{ document, text, arg, want, line string }{
		{"/etc/halfmeg/c.yaml", "record: events", "", "/etc/halfmeg/events", "record: /etc/halfmeg/events  # /etc/halfmeg/c.yaml:1\n"},
		{"/etc/halfmeg/c.yaml", "record: ../7", "", "/etc/7", "record: /etc/7  # /etc/halfmeg/c.yaml:1\n"},
		{"/etc/halfmeg/c.yaml", "record: 7", "", "/etc/halfmeg/7", "record: /etc/halfmeg/7  # /etc/halfmeg/c.yaml:1\n"},
		{"/etc/halfmeg/c.yaml", "record: /var/events", "", "/var/events", "record: /var/events  # /etc/halfmeg/c.yaml:1\n"},
		{"/etc/halfmeg/c.yaml", "record: ''", "", "", "record: \"\"  # /etc/halfmeg/c.yaml:1\n"},
		{"/etc/halfmeg/c.yaml", "record: events", "mine", "mine", "record: " + scalarText(filepath.Join(here, "mine")) + "  # flag\n"},
		{"sub/c.yaml", "record: events", "", "sub/events", "record: " + scalarText(filepath.Join(here, "sub/events")) + "  # sub/c.yaml:1\n"},
		{"c.yaml", "", "", "", "# record: \"\"  # default\n"},
	} {
		f := pflag.NewFlagSet("run", pflag.ContinueOnError)
		value := f.String("record", "", "folder")
		MarkPath(f, "record")
		if c.arg != "" {
			require.NoError(t, f.Parse([]string{"--record", c.arg}))
		}
		d, err := Parse(c.document, []byte(c.text))
		require.NoError(t, err)
		s, err := d.Apply(f, nil)
		require.NoError(t, err)
		require.Equal(t, c.want, *value)
		var b strings.Builder
		require.NoError(t, s.Write(&b))
		require.Equal(t, c.line, b.String())
	}
}

// Check reads neither the environment nor the files of secrets, and lists all paths.
func TestCheck(t *testing.T) {
	t.Setenv("HALFMEG_MQTT_PASSWORD", "from the environment")
	f, v, structured := newFlags()
	f.String("record", "", "folder")
	f.String("tls-cert", "", "file")
	f.String("tls-key", "key.pem", "file")
	MarkPath(f, "record", "tls-cert", "tls-key")
	require.NoError(t, f.Parse([]string{"--tls-cert", "cert.pem"}))
	d, err := Parse("/etc/halfmeg/c.yaml", []byte("rate: 5\nrecord: pictures\ncamera-file: /run/missing\n"))
	require.NoError(t, err)
	s, err := d.Check(f, structured)
	require.NoError(t, err)
	require.Equal(t, &values{rate: 5, threads: 4}, v)
	require.Equal(t, []Path{
		{"/etc/halfmeg/c.yaml:3: camera-file", "/run/missing"},
		{"/etc/halfmeg/c.yaml:2: record", "/etc/halfmeg/pictures"},
		{"--tls-cert", "cert.pem"},
	}, s.Paths())
	require.Equal(t, "/etc/halfmeg/c.yaml:3: camera", s.Where("camera"))
	require.Empty(t, s.Where("tls-key"))
	require.Empty(t, s.Where("nothing"))
	d, err = Parse("/etc/halfmeg/c.yaml", []byte("camera-file: [a]\n"))
	require.NoError(t, err)
	f, _, structured = newFlags()
	_, err = d.Check(f, structured)
	require.ErrorContains(t, err, "c.yaml:1: camera-file: expected the path of a file")
}

// The file of a secret on the command line wins over the secret in the environment, which
// wins over the file that the document names.
func TestSecretFileOrEnvironment(t *testing.T) {
	read := func(args ...string) (string, string) {
		f := pflag.NewFlagSet("run", pflag.ContinueOnError)
		value := f.String("token-file", "", "file")
		MarkSecretFile(f, "token-file", "HALFMEG_TEST_TOKEN")
		require.NoError(t, f.Parse(args))
		d, err := Parse("/etc/c.yaml", []byte("token-file: token"))
		require.NoError(t, err)
		s, err := d.Apply(f, nil)
		require.NoError(t, err)
		var b strings.Builder
		require.NoError(t, s.Write(&b))
		return *value, b.String()
	}
	file, line := read()
	require.Equal(t, "/etc/token", file)
	require.Equal(t, "token-file: /etc/token  # /etc/c.yaml:1\n", line)

	t.Setenv("HALFMEG_TEST_TOKEN", "s3cret")
	file, line = read()
	require.Empty(t, file)
	require.Equal(t, "# token-file: \"\"  # environment HALFMEG_TEST_TOKEN\n", line)

	file, line = read("--token-file", "/mine")
	require.Equal(t, "/mine", file)
	require.Equal(t, "token-file: /mine  # flag\n", line)
}

func TestSecretFileIsBounded(t *testing.T) {
	for text, want := range map[string]string{"\n": "is empty", strings.Repeat("x", 64<<10+1): "more than 64 kB"} {
		_, _, err := apply(t, "mqtt-password-file: "+secretFile(t, text))
		require.ErrorContains(t, err, want)
	}
}

func TestHide(t *testing.T) {
	for text, want := range map[string]string{
		"":                                      "",
		"auto":                                  "auto",
		"0":                                     "0",
		"photos/a@b":                            "photos/a@b",
		"photos/a=b":                            "photos/a=b",
		"pi:pw@door":                            "(hidden)",
		"door/a?pwd=pw":                         "(hidden)",
		"a?pwd=pw://b":                          "(hidden)",
		"http://door":                           "http://door",
		"http://door/":                          "http://door/",
		"http://door:80/stream":                 "http://door:80/stream",
		"http://[fe80::1%25eth0]:80/a":          "http://[fe80::1%25eth0]:80/a",
		"http://pi@door/":                       "http://(hidden)@door/",
		"http://pi:@door/":                      "http://(hidden)@door/",
		"http://pi:pw@door/":                    "http://pi:(hidden)@door/",
		"http://pi:pw@door/a?pwd=pw#b":          "http://pi:(hidden)@door/a?(hidden)",
		"http://p%40i:pw@door/":                 "http://(hidden)@door/",
		"http://pi:p%zw@door/":                  "http://(hidden)@door/",
		"http://pi:p/w@door/":                   "http://(hidden)@door/",
		"http://pi:12/w@door/":                  "http://(hidden)@door/",
		"http://pi:p?w@door/":                   "http://(hidden)",
		"http://pi:pw":                          "http://(hidden)",
		"door=rtsp://pi:p@w@door/a b\n":         "door=rtsp://(hidden)@door/a b\n",
		"http://cam/snap.cgi?user=admin&pwd=pw": "http://cam/snap.cgi?(hidden)",
		"http://cam/snap.cgi?pwd=p@w/x":         "http://(hidden)",
		"http://cam?pw":                         "http://cam?(hidden)",
		"http://cam/#pw":                        "http://cam/#(hidden)",
		"rtsp://10.0.0.1/user=me&password=pw&channel=1":        "rtsp://10.0.0.1/(hidden)",
		"rtsp://10.0.0.1:554/user%3dme&password%3dpw?channel":  "rtsp://10.0.0.1:554/(hidden)?(hidden)",
		"rtsp://pi:pw@10.0.0.1/user=me&password=p@w&channel=1": "rtsp://(hidden)",
		"rtsp://10.0.0.1/pi:pw/1":                              "rtsp://10.0.0.1/(hidden)",
	} {
		require.Equal(t, want, hide(text, addressSecret), text)
	}
	for text, want := range map[string]string{
		"":                            "",
		"http://host":                 "http://host",
		"http://host:80/":             "http://host:80/",
		"https://ntfy.sh/topic":       "https://ntfy.sh/(hidden)",
		"https://tk@ntfy.sh/t":        "https://(hidden)@ntfy.sh/(hidden)",
		"https://pi:pw@ntfy.sh":       "https://(hidden)@ntfy.sh",
		"https://ntfy.sh/topic@home":  "https://(hidden)",
		"https://ntfy.sh?auth=pw":     "https://ntfy.sh/(hidden)",
		"https://ntfy.sh#pw":          "https://ntfy.sh/(hidden)",
		"ntfy.sh/topic":               "(hidden)",
		"https:/ntfy.sh/topic":        "(hidden)",
		"topic@https://ntfy.sh/topic": "(hidden)",
	} {
		require.Equal(t, want, hide(text, hostOnly), text)
	}
	require.Equal(t, "(hidden)", hide("pw", "all"))
	require.Empty(t, hide("", "all"))
}

func TestDiff(t *testing.T) {
	_, before, err := apply(t, "rate: 1\nmqtt-password: a\nallow: [x]\ngroups: {g: [a]}")
	require.NoError(t, err)
	_, after, err := apply(t, "\nrate: 1\nmqtt-password: b\nallow: [x, z]\nthreads: 2")
	require.NoError(t, err)
	require.Equal(t, []string{"allow", "groups", "mqtt-password", "threads"}, Diff(before, after))
	require.Empty(t, Diff(after, after))
	require.Equal(t, []string{"rate"}, Diff(
		&Settings{list: []setting{{key: "rate", value: Value{Kind: Text, Text: "1"}}, {key: "groups"}}}, &Settings{}))
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("XDG_CONFIG_HOME", dir)
	d, err := search([]string{filepath.Join(dir, "missing"), filepath.Join(secretFile(t, ""), "not-a-folder")})
	require.NoError(t, err)
	require.Empty(t, d.Path())

	path := filepath.Join(dir, "halfmeg", "config.yaml")
	require.NoError(t, os.Mkdir(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte("rate: 1"), 0o600))
	d, err = Load("")
	require.NoError(t, err)
	require.Equal(t, path, d.Path())

	t.Setenv("XDG_CONFIG_HOME", "relative")
	t.Setenv("HOME", dir)
	require.Equal(t, []string{filepath.Join(dir, ".config/halfmeg/config.yaml"), "/etc/halfmeg/config.yaml"}, places())

	_, err = Load(filepath.Join(dir, "missing.yaml"))
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = Load(dir)
	require.ErrorContains(t, err, "is a directory")
}

// A file in a standard place that exists but cannot be read is an error.
func TestLoadUnreadable(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("XDG_CONFIG_HOME", dir)
	path := filepath.Join(dir, "halfmeg", "config.yaml")
	require.NoError(t, os.MkdirAll(path, 0o755)) // not even root can read a folder as a file
	_, err := Load("")
	require.ErrorContains(t, err, path)
}

func TestSchema(t *testing.T) {
	f, _, structured := newFlags()
	data, err := Schema(f, structured)
	require.NoError(t, err)
	var schema struct {
		Properties map[string]struct {
			Type        any
			Description string
		}
		AdditionalProperties bool
	}
	require.NoError(t, json.Unmarshal(data, &schema))
	types := map[string]any{}
	for key, p := range schema.Properties {
		require.NotEmpty(t, p.Description, key)
		types[key] = p.Type
	}
	text := []any{"string", "number"}
	require.Equal(t, map[string]any{
		"allow": []any{"string", "number", "array"}, "camera": text, "camera-file": "string", "groups": "object",
		"listen": []any{"string", "number", "boolean"}, "mirror": "boolean", "mqtt-password": text,
		"mqtt-password-file": "string", "on": text, "patience": "string", "rate": "number", "threads": "integer",
	}, types)
	require.Equal(t, "camera to look through", schema.Properties["camera"].Description)
}

// Settings survive writing and reading. No file makes the package panic or return an error
// of several lines.
func FuzzParse(f *testing.F) {
	for _, text := range []string{
		"camera: auto\nrate: 2.5\nallow: [a, 'b, c']", "groups:\n  a: [b]\n  ? c\n  : - d", "a: &x [*x]\n", "- a\n-\tb", "camera: |\n  a\n  b",
		"listen: false\nmqtt-password: \"\\x00\\u2028\"", "\xef\xbb\xbfmirror: true", "camera: !!binary aGk=", "allow: [~, 'yes', -]", "{rate: 1, threads: 0x10}",
		"%YAML 1.1\n---\nrate: 1\n...\n", "camera: http://a:b@c/\n", "'groups': {<<: [a]}",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		flags, v, structured := newFlags()
		d, err := Parse("c.yaml", []byte(text))
		if err == nil {
			for _, field := range d.fields {
				if strings.HasSuffix(field.Key, fileSuffix) {
					return // never read files of this machine
				}
			}
			_, err = d.Apply(flags, structured)
		}
		if err != nil {
			require.True(t, strings.HasPrefix(err.Error(), "c.yaml:"), err)
			return
		}
		v.password, v.camera = "", "" // Write hides them
		a := applier{document: d, flags: flags, structured: structured, origins: map[string]string{}, values: map[string]Value{}}
		for _, field := range d.fields {
			a.origins[field.Key] = "flag"
			if field.Key == "groups" {
				a.values[field.Key] = field.Value
			}
		}
		var b strings.Builder
		require.NoError(t, a.settings().Write(&b))
		var same strings.Builder // empty texts that are no texts cannot be read again
		for line := range strings.Lines(b.String()) {
			if !strings.HasPrefix(line, `camera: ""`) && !strings.HasPrefix(line, `mqtt-password: ""`) {
				same.WriteString(line)
			}
		}
		flags2, w, structured2 := newFlags()
		d2, err := Parse("c.yaml", []byte(same.String()))
		require.NoError(t, err, same.String())
		_, err = d2.Apply(flags2, structured2)
		require.NoError(t, err, same.String())
		if len(v.allow) == 0 {
			v.allow, w.allow = nil, nil
		}
		require.Equal(t, v, w, same.String())
	})
}
