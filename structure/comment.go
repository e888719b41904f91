package structure

import (
	"errors"
	"fmt"
	"strings"
)

// parseComment splits the comment line of an extended XYZ frame into keys and values. Values stand bare, in single or
// double quotes, or in nested [] or {}, which are kept; inside quotes \" \' \\ and \n mean what they say. A bare key
// is the value T. A line without any '=' is no list of keys and comes back as one entry "comment".
func parseComment(line string) ([]Entry, error) {
	line = skipSpace(line)
	if line == "" {
		return nil, nil
	}
	if !strings.Contains(line, "=") {
		return []Entry{{"comment", strings.TrimRight(line, " \t")}}, nil
	}
	var entries []Entry
	for line != "" {
		e, rest, err := parseEntry(line)
		if err != nil {
			return nil, err
		}
		entries = append(entries, e)
		line = rest
	}
	return entries, nil
}

// parseEntry takes the first "key=value" or "key" from line, which starts with no space.
func parseEntry(line string) (e Entry, rest string, err error) {
	if e.Key, rest, err = parseKey(line); err != nil {
		return e, "", err
	}
	after, ok := strings.CutPrefix(skipSpace(rest), "=")
	if !ok {
		e.Value = "T"
		return e, skipSpace(rest), nil
	}
	if e.Value, rest, err = parseValue(after); err != nil {
		return e, "", fmt.Errorf("value of %s: %w", e.Key, err)
	}
	if rest != "" && !isSpace(rest[0]) {
		return e, "", fmt.Errorf("value of %s: %q follows its end", e.Key, brief(rest))
	}
	return e, skipSpace(rest), nil
}

func parseKey(line string) (key, rest string, err error) {
	if line[0] == '"' || line[0] == '\'' {
		return unquote(line)
	}
	n := strings.IndexFunc(line, func(c rune) bool { return c == '=' || c < 128 && isSpace(byte(c)) })
	switch {
	case n < 0:
		return line, "", nil
	case n == 0:
		return "", "", fmt.Errorf("no key before %q", brief(line))
	}
	return line[:n], line[n:], nil
}

// parseValue takes the value at the start of what follows '='.
func parseValue(s string) (value, rest string, err error) {
	bare := skipSpace(s)
	if bare == "" {
		return "", "", nil
	}
	switch bare[0] {
	case '"', '\'':
		return unquote(bare)
	case '[', '{':
		n, err := nested(bare)
		return bare[:n], bare[n:], err
	}
	token, rest := cutToken(bare)
	if len(bare) < len(s) && strings.Contains(token, "=") {
		return "", s, nil // "a= b=1": a is empty
	}
	return token, rest, nil
}

var errUnclosed = errors.New("the line ends inside it")

// unquote takes the quoted string at the start of s.
func unquote(s string) (value, rest string, err error) {
	quote := s[0]
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == quote:
			return b.String(), s[i+1:], nil
		case c == '\\' && i+1 < len(s) && strings.IndexByte(`"'\`, s[i+1]) >= 0:
			i++
			b.WriteByte(s[i])
		case c == '\\' && i+1 < len(s) && s[i+1] == 'n':
			i++
			b.WriteByte('\n')
		default:
			b.WriteByte(c)
		}
	}
	return "", "", errUnclosed
}

// nested is the length of the bracketed value at the start of s; brackets in double quotes do not count.
func nested(s string) (int, error) {
	var open []byte
	quoted := false
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '[':
			open = append(open, ']')
		case c == '{':
			open = append(open, '}')
		case c == ']' || c == '}':
			if open[len(open)-1] != c {
				return 0, fmt.Errorf("brackets do not match in %q", brief(s))
			}
			if open = open[:len(open)-1]; len(open) == 0 {
				return i + 1, nil
			}
		}
	}
	return 0, errUnclosed
}

// appendEntry writes key=value so that parseComment returns the same.
func appendEntry(b []byte, e Entry) []byte {
	b = appendQuoted(b, e.Key)
	b = append(b, '=')
	if n := len(e.Value); n > 0 && (e.Value[0] == '[' || e.Value[0] == '{') && !strings.Contains(e.Value, "\n") {
		if end, err := nested(e.Value); err == nil && end == n {
			return append(b, e.Value...)
		}
	}
	return appendQuoted(b, e.Value)
}

func appendQuoted(b []byte, s string) []byte {
	if s != "" && !strings.ContainsAny(s, " \t\n\v\f\r\"'\\=[]{},") {
		return append(b, s...)
	}
	b = append(b, '"')
	for i := range len(s) {
		switch c := s[i]; c {
		case '\n':
			b = append(b, `\n`...)
		case '"', '\\':
			b = append(b, '\\', c)
		default:
			b = append(b, c)
		}
	}
	return append(b, '"')
}

func isSpace(c byte) bool { return c == ' ' || '\t' <= c && c <= '\r' }

func skipSpace(s string) string {
	for s != "" && isSpace(s[0]) {
		s = s[1:]
	}
	return s
}

// cutToken takes the characters up to the next space.
func cutToken(s string) (token, rest string) {
	for i := range len(s) {
		if isSpace(s[i]) {
			return s[:i], s[i:]
		}
	}
	return s, ""
}

// brief shortens what an error message quotes.
func brief(s string) string {
	const most = 40
	if len(s) > most {
		return s[:most] + "..."
	}
	return s
}
