// Package service installs edge as a service of systemd, and removes it. It changes only
// files that it has written: a manifest lists them.
package service

import (
	_ "embed" // of the texts
	"strings"
)

//go:embed unit.service
var unitText string

//go:embed config.yaml
var configText string

// Unit describes a service.
type Unit struct {
	Name          string   // without .service; also the name of its folder in /var/lib
	Documentation string   // a URI; may be empty
	Command       []string // the program's absolute path and its arguments
	Groups        []string // which own the devices; systemd does not start a service with one that is missing
	Unless        string   // path of the unit of another service that is used instead of this one; may be empty
}

// Text returns the unit file.
func (u Unit) Text() string {
	var words []string
	for _, w := range u.Command {
		words = append(words, quote(w))
	}
	return strings.NewReplacer(
		"NAME", u.Name,
		"DOCUMENTATION\n", setting("Documentation=", u.Documentation),
		"COMMAND", strings.Join(words, " "),
		"UNLESS\n", setting("ConditionPathExists=!", u.Unless),
		"GROUPS\n", setting("SupplementaryGroups=", strings.Join(u.Groups, " ")),
	).Replace(unitText)
}

// setting returns a line of the unit, or nothing without a value.
func setting(key, value string) string {
	if value == "" {
		return ""
	}
	return key + value + "\n"
}

// Config returns the configuration file of a new installation.
func Config(name string) string { return strings.ReplaceAll(configText, "NAME", name) }

// quote returns an argument for ExecStart, as systemd.syntax(7) and systemd.service(5)
// define: without expansion of specifiers and variables.
func quote(arg string) string {
	arg = strings.NewReplacer("%", "%%", "$", "$$", `\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(arg)
	if arg == "" || strings.ContainsAny(arg, " \t\"'\\;") {
		return `"` + arg + `"`
	}
	return arg
}
