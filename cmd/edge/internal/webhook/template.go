package webhook

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"halfmeg/cmd/edge/internal/decision"
	"halfmeg/internal/printable"
)

// maxValue bounds the value of a placeholder, in characters.
const maxValue = 200

// placeholders are what may stand in a title or a text, as $name or ${name}.
var placeholders = map[string]func(e decision.Event) string{
	"camera":      func(e decision.Event) string { return e.Camera },
	"date":        func(e decision.Event) string { return at(e).Format(time.DateOnly) },
	"duration":    func(e decision.Event) string { return fmt.Sprintf("%.0f s", e.Duration) },
	"id":          func(e decision.Event) string { return e.ID },
	"label":       func(e decision.Event) string { return e.Label },
	"name":        func(e decision.Event) string { return e.Name },
	"peak":        func(e decision.Event) string { return percent(e.Peak) },
	"probability": func(e decision.Event) string { return percent(e.Probability) },
	"time":        func(e decision.Event) string { return at(e).Format(time.TimeOnly) },
	"type":        func(e decision.Event) string { return e.Type },
}

// Placeholders lists what may stand in a title or a text, for help.
func Placeholders() string {
	return "$" + strings.Join(slices.Sorted(maps.Keys(placeholders)), ", $")
}

// at is when an event happened, in local time.
func at(e decision.Event) time.Time {
	if e.End != nil {
		return e.End.Local()
	}
	return e.Start.Local()
}

func percent(p float64) string { return fmt.Sprintf("%.0f %%", 100*p) }

// expand replaces placeholders. $$ is a dollar sign.
func expand(template string, e decision.Event) string {
	return os.Expand(template, func(name string) string {
		if name == "$" {
			return "$"
		}
		value := []rune(printable.Text(strings.ToValidUTF8(placeholders[name](e), "\uFFFD")))
		return string(value[:min(len(value), maxValue)])
	})
}

// badBraces finds braces that os.Expand would drop silently.
var badBraces = regexp.MustCompile(`\$\{(\}|[^}]*$)`)

// checkTemplate reports what is wrong with a template.
func checkTemplate(template string) error {
	if badBraces.MatchString(template) {
		return fmt.Errorf("%q: a placeholder in braces must be closed and have a name, as ${name}", template)
	}
	var unknown string
	os.Expand(template, func(name string) string {
		if placeholders[name] == nil && name != "$" {
			unknown = name
		}
		return ""
	})
	if unknown != "" {
		return fmt.Errorf("%q: there is no placeholder $%s, only %s; for a dollar sign write $$", template, printable.Text(unknown), Placeholders())
	}
	return nil
}
