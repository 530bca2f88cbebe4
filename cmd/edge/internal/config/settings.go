package config

import (
	"io"
	"maps"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"halfmeg/internal/lazyregexp"
	"halfmeg/internal/printable"

	"github.com/spf13/pflag"
)

// Settings are the effective values of all keys with their origins, sorted by key.
type Settings struct {
	list    []setting
	secrets []Path // of Check
}

// Path is the path of a file or folder among the settings.
type Path struct {
	Where string // the flag, or the line of the file and its key
	Path  string // as in the flag; in the file, relative to its folder
}

// setting is the value of a key.
type setting struct {
	key      string
	value    Value  // Bool, Text or List; any kind for a structured key
	path     string // of a file or folder, not made absolute; empty if the value is none
	secret   string // value of the annotation; empty if it is not a secret
	replaced bool   // the environment replaces this file of a secret
	origin   string // "flag", a file and line, an environment variable, or "" for the default
}

// settings returns the current values of the flags and structured keys.
func (a *applier) settings() *Settings {
	s := &Settings{secrets: a.secrets}
	a.flags.VisitAll(func(f *pflag.Flag) {
		if slices.Contains(notKeys, f.Name) {
			return
		}
		one := setting{key: f.Name, value: flagValue(f), origin: a.origins[f.Name]}
		one.replaced = f.Annotations[environmentAnnotation] != nil && strings.HasPrefix(one.origin, fromEnvironment)
		if isPath(f) {
			one.path = f.Value.String()
		}
		if isSecret(f) {
			one.secret = strings.Join(f.Annotations[secretAnnotation], " ")
			if one.secret != addressSecret && one.secret != hostOnly {
				one.secret = "all"
			}
		}
		s.list = append(s.list, one)
	})
	for _, key := range slices.Sorted(maps.Keys(a.structured)) {
		s.list = append(s.list, setting{key: key, value: a.values[key], origin: a.origins[key]})
	}
	slices.SortFunc(s.list, func(a, b setting) int { return strings.Compare(a.key, b.key) })
	return s
}

// flagValue returns the current value of a flag. Paths are absolute, so that they mean
// the same in a configuration file in any folder.
func flagValue(f *pflag.Flag) Value {
	if slice, ok := f.Value.(pflag.SliceValue); ok {
		v := Value{Kind: List}
		for _, text := range slice.GetSlice() {
			v.Items = append(v.Items, Value{Kind: Text, Text: text})
		}
		return v
	}
	kind, text := Text, f.Value.String()
	if f.Value.Type() == "bool" {
		kind = Bool
	}
	if isPath(f) && text != "" {
		if path, err := filepath.Abs(text); err == nil {
			text = path
		}
	}
	return Value{Kind: kind, Text: text}
}

// hidden replaces a secret.
const hidden = "(hidden)"

// shown returns the value with secrets hidden, and whether it had any.
func (s *setting) shown() (v Value, secret bool) {
	v = s.value
	if s.secret == "" {
		return v, false
	}
	if v.Kind != List {
		text := hide(v.Text, s.secret)
		secret, v.Text = text != v.Text, text
		return v, secret
	}
	items := slices.Clone(v.Items)
	for i := range items {
		text := hide(items[i].Text, s.secret)
		secret, items[i].Text = secret || text != items[i].Text, text
	}
	v.Items = items
	return v, secret
}

// hide hides a secret, or the secret parts of an address. secret is the value of the
// annotation.
func hide(text, secret string) string {
	switch {
	case text == "":
		return text
	case secret == addressSecret || secret == hostOnly:
		return hideInAddress(text, secret == hostOnly)
	}
	return hidden
}

var (
	// schemeForm matches what precedes :// in an address: a scheme, optionally after a
	// name and =, such as door=rtsp.
	schemeForm = lazyregexp.New(`^(?:[^/?#@:]*=)?[A-Za-z][A-Za-z0-9+.-]*$`)

	// hostForm matches a host with an optional port, and the rest of the address.
	hostForm = lazyregexp.New(`(?s)^(\[[^][/?#@]*\](?::\d*)?|[^][/?#@:=&]*(?::\d*)?)([/?#].*)?$`)
)

// hideInAddress hides the secrets of an address. If the address is ambiguous, because a
// character of its password is not escaped, it hides more than necessary.
func hideInAddress(text string, hostOnly bool) string {
	scheme, rest, ok := strings.Cut(text, "://")
	if !ok || !schemeForm().MatchString(scheme) {
		name, host, at := strings.Cut(text, "@")
		if hostOnly || at && strings.Contains(name+host, ":") || strings.Contains(text, "?") && strings.Contains(text, "=") {
			return hidden
		}
		return text // such as the name of a file
	}
	user := ""
	if at := strings.LastIndex(rest, "@"); at >= 0 {
		// Either the password contains a delimiter, or the path or query contains an @.
		if strings.ContainsAny(rest[:at], "/?#") && (hostOnly || strings.ContainsAny(rest[:at], "?#=")) {
			return scheme + "://" + hidden
		}
		user, rest = hidden+"@", rest[at+1:]
		if name := userName(text); name != "" && !hostOnly {
			user = name + ":" + user
		}
	}
	m := hostForm().FindStringSubmatch(rest)
	if m == nil {
		return scheme + "://" + user + hidden
	}
	return scheme + "://" + user + m[1] + hidePath(m[2], hostOnly)
}

// hidePath hides the secrets in the part of an address after the host, or all of it.
func hidePath(text string, all bool) string {
	path, query := text, ""
	if i := strings.IndexAny(text, "?#"); i >= 0 {
		path = text[:i]
		if len(text) > i+1 {
			query = text[i:i+1] + hidden
		}
	}
	switch {
	case all && len(text) > 1:
		return "/" + hidden
	case strings.ContainsAny(path, "=:") || strings.Contains(strings.ToLower(path), "%3d"):
		path = "/" + hidden
	}
	return path + query
}

// userName returns the user name of an address that also has a password, or "" if there is
// none or the name needs escaping.
func userName(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.User == nil {
		return ""
	}
	name := u.User.Username()
	if password, _ := u.User.Password(); password == "" || !plain().MatchString(name) || strings.Contains(name, "@") {
		return "" // a name alone may be a token
	}
	return name
}

// Write writes the settings as a configuration file, with the origin of each value as a
// comment. Lines with defaults and secrets are commented out, so that the file does not
// override the defaults of a later version.
func (s *Settings) Write(w io.Writer) error {
	var b strings.Builder
	for _, one := range s.list {
		v, secret := one.shown()
		prefix, origin := "", one.origin
		if origin == "" {
			prefix, origin = "# ", "default"
		}
		if secret || one.replaced {
			prefix = "# "
		}
		if v.Kind == Null { // a structured key that is not set
			continue
		}
		b.WriteString(prefix + keyText(one.key) + ":")
		writeValue(&b, v, "  # "+printable.Text(origin), prefix+"  ")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// SecretFlags returns the flags of the command line whose values contain a secret.
func (s *Settings) SecretFlags() []string {
	var names []string
	for _, one := range s.list {
		if _, secret := one.shown(); secret && one.origin == fromFlag {
			names = append(names, one.key)
		}
	}
	return names
}

// Where returns what sets a key: its flag, or a line of the file. It is empty for a default.
func (s *Settings) Where(key string) string {
	for _, one := range s.list {
		if one.key == key {
			return one.where()
		}
	}
	return ""
}

func (s *setting) where() string {
	switch s.origin {
	case "":
		return ""
	case fromFlag:
		return "--" + s.key
	}
	return s.origin + ": " + s.key
}

// Paths returns the files and folders that are set. Those of secrets are among them only
// after Check.
func (s *Settings) Paths() []Path {
	list := slices.Clone(s.secrets)
	for _, one := range s.list {
		if one.path != "" && one.origin != "" {
			list = append(list, Path{one.where(), one.path})
		}
	}
	return list
}

// writeValue writes the value after a key and its colon, with a comment at the end of the
// first line.
func writeValue(b *strings.Builder, v Value, comment, indent string) {
	switch {
	case v.Kind == Map && len(v.Fields) > 0:
		b.WriteString(comment + "\n")
		for _, f := range v.Fields {
			b.WriteString(indent + keyText(f.Key) + ":")
			writeValue(b, f.Value, "", indent+"  ")
		}
	case v.Kind == Map:
		b.WriteString(" {}" + comment + "\n")
	default:
		b.WriteString(" " + flowText(v) + comment + "\n")
	}
}

// flowText returns a value in YAML's flow style, on one line.
func flowText(v Value) string {
	var parts []string
	switch v.Kind {
	case Null:
		return "null"
	case Bool, Number:
		return v.Text
	case List:
		for _, item := range v.Items {
			parts = append(parts, flowText(item))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case Map:
		for _, f := range v.Fields {
			parts = append(parts, keyText(f.Key)+": "+flowText(f.Value))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	}
	return scalarText(v.Text)
}

// plain matches a text that needs no quotes in YAML.
var plain = lazyregexp.New(`^[A-Za-z0-9/][A-Za-z0-9_./%+@=-]*$`)

// reservedWords are plain texts that YAML 1.1 or 1.2 reads as a boolean or null.
var reservedWords = []string{"true", "false", "null", "yes", "no", "on", "off", "y", "n"}

// scalarText returns a text as a YAML scalar, quoted if necessary. YAML's double-quoted
// style supports all escapes of strconv.Quote.
func scalarText(text string) string {
	if plain().MatchString(text) && !slices.Contains(reservedWords, strings.ToLower(text)) {
		return text
	}
	return strconv.Quote(strings.ToValidUTF8(text, "\ufffd"))
}

// keyText is scalarText for a key. The reserved words of YAML 1.1 need no quotes there: on
// and off are keys of edge.
func keyText(key string) string {
	if slices.Contains([]string{"on", "off", "y", "n"}, key) {
		return key
	}
	return scalarText(key)
}

// Diff returns the keys whose values differ, sorted. A missing key equals a key without a
// value.
func Diff(from, to *Settings) []string {
	before := map[string]Value{}
	for _, s := range from.list {
		before[s.key] = s.value
	}
	var keys []string
	for _, s := range to.list {
		if flowText(before[s.key]) != flowText(s.value) {
			keys = append(keys, s.key)
		}
		delete(before, s.key)
	}
	for key, value := range before {
		if value.Kind != Null {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}
