package labels

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxDepth limits the nesting of lists and maps. Files of labels nest three deep.
const maxDepth = 16

// object is a map in the order of the file.
type object []member

type member struct {
	key   string
	value any
}

// literal reads a list or a map as JSON, Python or JavaScript spell it: strings in
// either quotes or none, numbers, comments, commas before a closing bracket.
// Values are string, int, nil (null, true, 1.5 and the like), []any and object.
type literal struct {
	text string
	pos  int
}

// value reads a value.
func (p *literal) value(depth int) (any, error) {
	p.space()
	if p.pos == len(p.text) {
		return nil, p.fail("the text ends within a list or a map")
	}
	switch c := p.text[p.pos]; {
	case depth > maxDepth:
		return nil, p.fail("lists are nested too deeply")
	case c == '{':
		return p.object(depth)
	case c == '[':
		return p.list(depth, ']')
	case c == '(':
		return p.list(depth, ')')
	case p.prefix() != "":
		return p.quoted()
	}
	return p.word()
}

// list reads a list or a tuple.
func (p *literal) list(depth int, end byte) ([]any, error) {
	p.pos++
	list := []any{}
	for !p.closed(end) {
		v, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
		if err := p.comma(end); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func (p *literal) object(depth int) (object, error) {
	p.pos++
	o := object{}
	for !p.closed('}') {
		key, err := p.value(maxDepth) // no list or map is a key
		if err != nil {
			return nil, err
		}
		p.space()
		if !strings.HasPrefix(p.text[p.pos:], ":") {
			return nil, p.fail("expected a colon")
		}
		p.pos++
		v, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		o = append(o, member{fmt.Sprint(key), v})
		if err := p.comma('}'); err != nil {
			return nil, err
		}
	}
	return o, nil
}

// closed skips white space and the closing bracket, if it follows.
func (p *literal) closed(end byte) bool {
	p.space()
	if p.pos < len(p.text) && p.text[p.pos] == end {
		p.pos++
		return true
	}
	return false
}

// comma skips a comma. None is needed before the closing bracket.
func (p *literal) comma(end byte) error {
	p.space()
	switch rest := p.text[p.pos:]; {
	case rest == "":
		return p.fail("the text ends within a list or a map")
	case rest[0] == ',':
		p.pos++
		return nil
	case rest[0] == end:
		return nil
	}
	return p.fail("expected a comma or %q", string(end))
}

// prefix returns the quote at the position with the letter that Python may put in
// front: u"text".
func (p *literal) prefix() string {
	rest := p.text[p.pos:]
	n := 0
	if rest != "" && strings.IndexByte("uUbBrR", rest[0]) >= 0 {
		n = 1
	}
	if len(rest) > n && (rest[n] == '"' || rest[n] == '\'' || rest[n] == '`') {
		return rest[:n+1]
	}
	return ""
}

func (p *literal) quoted() (string, error) {
	start := p.pos
	opening := p.prefix()
	p.pos += len(opening)
	quote := opening[len(opening)-1]
	var s strings.Builder
	for p.pos < len(p.text) && p.text[p.pos] != '\n' {
		c := p.text[p.pos]
		p.pos++
		switch c {
		case quote:
			return strings.TrimSpace(s.String()), nil
		case '\\':
			if err := p.escape(&s); err != nil {
				return "", err
			}
		default:
			s.WriteByte(c)
		}
	}
	p.pos = start
	return "", p.fail("the quotes are not closed")
}

// escape reads what follows a backslash.
func (p *literal) escape(s *strings.Builder) error {
	if p.pos == len(p.text) {
		return p.fail("the text ends after a backslash")
	}
	c := p.text[p.pos]
	digits := map[byte]int{'x': 2, 'u': 4, 'U': 8}[c]
	p.pos++
	if digits == 0 {
		if strings.IndexByte("nrtbf", c) >= 0 {
			c = ' '
		}
		s.WriteByte(c)
		return nil
	}
	code, err := p.hex(digits)
	if err != nil {
		return err
	}
	if code >= 0xd800 && code < 0xdc00 && strings.HasPrefix(p.text[p.pos:], `\u`) { // the first half of a pair
		p.pos += 2
		low, err := p.hex(4)
		if err != nil {
			return err
		}
		code = 0x10000 + (code-0xd800)<<10 + (low-0xdc00)&0x3ff
	}
	s.WriteRune(rune(min(code, utf8.MaxRune+1))) // an invalid code becomes U+FFFD
	return nil
}

func (p *literal) hex(digits int) (uint64, error) {
	if p.pos+digits > len(p.text) {
		return 0, p.fail("the text ends within an escape sequence")
	}
	code, err := strconv.ParseUint(p.text[p.pos:p.pos+digits], 16, 32)
	if err != nil {
		return 0, p.fail("expected %d hexadecimal digits", digits)
	}
	p.pos += digits
	return code, nil
}

// word reads a number or text without quotes, as in YAML and keys in JavaScript.
func (p *literal) word() (any, error) {
	start := p.pos
	for p.pos < len(p.text) && strings.IndexByte("\n,:[](){}", p.text[p.pos]) < 0 {
		p.pos++
	}
	word := strings.TrimSpace(p.text[start:p.pos])
	if n, err := strconv.Atoi(word); err == nil {
		return n, nil
	}
	switch word {
	case "":
		return nil, p.fail("expected a label or a number")
	case "null", "None", "true", "false", "True", "False", "undefined":
		return nil, nil
	}
	if _, err := strconv.ParseFloat(word, 64); err == nil {
		return nil, nil
	}
	return word, nil
}

// space skips white space and comments.
func (p *literal) space() {
	for p.pos < len(p.text) {
		rest := p.text[p.pos:]
		switch {
		case strings.IndexByte(" \t\n\v\f", rest[0]) >= 0:
			p.pos++
		case rest[0] == '#' || strings.HasPrefix(rest, "//"):
			p.skip(rest, "\n")
		case strings.HasPrefix(rest, "/*"):
			p.skip(rest, "*/")
		default:
			return
		}
	}
}

// skip moves past the end of a comment.
func (p *literal) skip(rest, end string) {
	_, after, _ := strings.Cut(rest, end)
	p.pos = len(p.text) - len(after)
}

func (p *literal) fail(format string, args ...any) error {
	line := 1 + strings.Count(p.text[:p.pos], "\n")
	return fmt.Errorf("line %d: %s", line, fmt.Sprintf(format, args...))
}

// end checks that only semicolons and comments follow.
func (p *literal) end() error {
	for p.space(); p.pos < len(p.text) && strings.IndexByte(";)", p.text[p.pos]) >= 0; p.space() {
		p.pos++
	}
	if p.pos < len(p.text) {
		return p.fail("text follows after the end of the list")
	}
	return nil
}
