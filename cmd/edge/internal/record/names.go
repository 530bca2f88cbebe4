package record

import (
	"fmt"
	"hash/fnv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"halfmeg/cmd/edge/internal/decision"
	"halfmeg/internal/lazyregexp"
)

const (
	idPattern = `[0-9]{8}T[0-9]{6}\.[0-9]{3}Z-[0-9a-f]{8}`
	csvName   = "events.csv"
	dayLayout = time.DateOnly

	// idTimeLayout is the layout of the time in an ID, in UTC.
	idTimeLayout = "20060102T150405.000Z"
)

// Names of the files and folders that the package writes. No others are counted or
// deleted.
var (
	idName      = lazyregexp.New(`^` + idPattern + `$`)
	ownName     = lazyregexp.New(`^(` + idPattern + `)-[^/]+\.(?:jpg|json)$`)
	temporary   = lazyregexp.New(`^\.(?:` + idPattern + `-[^/]+\.(?:jpg|json))\.part$`)
	dayName     = lazyregexp.New(`^[0-9]{4}-[0-9]{2}-[0-9]{2}$`)
	preRollName = lazyregexp.New(`^pre[0-9]+$`)
)

// temporaryName returns the name of a file while it is written.
func temporaryName(name string) string { return "." + name + ".part" }

// eventOf returns the event's ID in a file name, or "" if the package did not write the
// file.
func eventOf(name string) string {
	if m := ownName().FindStringSubmatch(name); m != nil {
		return m[1]
	}
	return ""
}

// fileID returns an event's ID. An ID of another form might not be a valid file name and
// is replaced.
func fileID(e *decision.Event) string {
	if idName().MatchString(e.ID) {
		return e.ID
	}
	h := fnv.New32a()
	h.Write([]byte(e.ID))
	return fmt.Sprintf("%s-%08x", fourDigitYear(e.Start).UTC().Format(idTimeLayout), h.Sum32())
}

// dayOf returns the folder of an event: its local date.
func dayOf(t time.Time) string { return fourDigitYear(t).Local().Format(dayLayout) }

// fourDigitYear returns a time whose year has four digits in every time zone: t, or 1970
// if t does not.
func fourDigitYear(t time.Time) time.Time {
	if y := t.Year(); y < 2 || y > 9998 {
		return time.Unix(0, 0)
	}
	return t
}

// maxNameBytes limits the part of a file name that comes from a label. File systems allow
// 255 bytes for the whole name.
const maxNameBytes = 60

// fileName converts a label to a part of a file name: letters and digits of any script,
// with a hyphen for all other characters between them.
func fileName(text string) string {
	var b strings.Builder
	hyphen := false
	for _, r := range text {
		if r == utf8.RuneError || !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) {
			hyphen = b.Len() > 0
			continue
		}
		if b.Len()+1+utf8.RuneLen(r) > maxNameBytes {
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
	case preRollName().MatchString(name):
		return name + "_" // otherwise it would be taken for the pre-roll
	default:
		return name
	}
}
