package record

import (
	"fmt"
	"hash/fnv"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"halfmeg/cmd/edge/internal/decision"
)

const (
	idForm  = `[0-9]{8}T[0-9]{6}\.[0-9]{3}Z-[0-9a-f]{8}`
	csvName = "events.csv"
	dayForm = time.DateOnly

	// idTimeLayout is the layout of the time in an ID, in UTC.
	idTimeLayout = "20060102T150405.000Z"
)

// Names of what the package writes. Nothing else is counted or deleted.
var (
	idName      = regexp.MustCompile(`^` + idForm + `$`)
	ownName     = regexp.MustCompile(`^(` + idForm + `)-[^/]+\.(?:jpg|json)$`)
	temporary   = regexp.MustCompile(`^\.(?:` + idForm + `-[^/]+\.(?:jpg|json))\.part$`)
	dayName     = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}$`)
	preRollName = regexp.MustCompile(`^pre[0-9]+$`)
)

// temporaryName is the name of a file until it is whole.
func temporaryName(name string) string { return "." + name + ".part" }

// eventOf is the ID in a name of ours, or "".
func eventOf(name string) string {
	if m := ownName.FindStringSubmatch(name); m != nil {
		return m[1]
	}
	return ""
}

// fileID is an event's ID. One of another form, which may not be a file name, is
// replaced.
func fileID(e *decision.Event) string {
	if idName.MatchString(e.ID) {
		return e.ID
	}
	h := fnv.New32a()
	h.Write([]byte(e.ID))
	return fmt.Sprintf("%s-%08x", within(e.Start).UTC().Format(idTimeLayout), h.Sum32())
}

// dayOf is the folder of an event, by the local time.
func dayOf(t time.Time) string { return within(t).Local().Format(dayForm) }

// within returns a time whose year has four digits, in any time zone.
func within(t time.Time) time.Time {
	if y := t.Year(); y < 2 || y > 9998 {
		return time.Unix(0, 0)
	}
	return t
}

// longestName is the limit of bytes in the part of a file's name that comes from a
// label; file systems have 255 for the whole.
const longestName = 60

// fileName makes a part of a file's name from a foreign text: letters and digits of any
// script, with a hyphen for everything between.
func fileName(text string) string {
	var b strings.Builder
	hyphen := false
	for _, r := range text {
		if r == utf8.RuneError || !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) {
			hyphen = b.Len() > 0
			continue
		}
		if b.Len()+1+utf8.RuneLen(r) > longestName {
			break
		}
		if hyphen {
			b.WriteByte('-')
			hyphen = false
		}
		b.WriteRune(r)
	}
	switch name := b.String(); {
	case name == "":
		return "event"
	case preRollName.MatchString(name):
		return name + "_" // or it would be taken for the pre-roll
	default:
		return name
	}
}
