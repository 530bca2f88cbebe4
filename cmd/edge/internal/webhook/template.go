package webhook

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"halfmeg/cmd/edge/internal/decision"
	"halfmeg/internal/lazyregexp"
	"halfmeg/internal/printable"
)

// maxValue limits the value of a placeholder, in characters.
const maxValue = 200

// placeholders maps the names of placeholders in a title or text to their values.
var placeholders = map[string]func(e decision.Event) string{
	"camera":      func(e decision.Event) string { return e.Camera },
	"date":        func(e decision.Event) string { return eventTime(e).Format(time.DateOnly) },
	"duration":    func(e decision.Event) string { return fmt.Sprintf("%.0f s", e.Duration) },
	"id":          func(e decision.Event) string { return e.ID },
	"label":       func(e decision.Event) string { return e.Label },
	"name":        func(e decision.Event) string { return e.Name },
	"peak":        func(e decision.Event) string { return percent(e.Peak) },
	"probability": func(e decision.Event) string { return percent(e.Probability) },
	"time":        func(e decision.Event) string { return eventTime(e).Format(time.TimeOnly) },
	"type":        func(e decision.Event) string { return e.Type },
}

// Placeholders lists the placeholders, for the help of flags.
func Placeholders() string {
	return "$" + strings.Join(slices.Sorted(maps.Keys(placeholders)), ", $")
}

// eventTime returns the end of an event or, before that, its start, in local time.
func eventTime(e decision.Event) time.Time {
	if e.End != nil {
		return e.End.Local()
	}
	return e.Start.Local()
}

func percent(p float64) string { return fmt.Sprintf("%.0f %%", 100*p) }

// expand replaces the placeholders of a valid template. $$ is a dollar sign.
func expand(template string, e decision.Event) string {
	return os.Expand(template, func(name string) string {
		if name == "$" {
			return "$"
		}
		value := []rune(printable.Text(strings.ToValidUTF8(placeholders[name](e), "\uFFFD")))
		return string(value[:min(len(value), maxValue)])
	})
}

// badBraces matches braces that os.Expand would drop without an error.
var badBraces = lazyregexp.New(`\$\{(\}|[^}]*$)`)

// checkTemplate returns an error if a template is invalid.
func checkTemplate(template string) error {
	if badBraces().MatchString(template) {
		return fmt.Errorf("%q: a placeholder in braces needs a name and a closing brace, as in ${name}", template)
	}
	var unknown string
	os.Expand(template, func(name string) string {
		if placeholders[name] == nil && name != "$" {
			unknown = name
		}
		return ""
	})
	if unknown != "" {
		return fmt.Errorf("%q: unknown placeholder $%s; possible are %s; write $$ for a dollar sign", template, printable.Text(unknown), Placeholders())
	}
	return nil
}
