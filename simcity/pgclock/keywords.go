package pgclock

import (
	"regexp"
	"strings"
)

// keyword are the words of SQL that tell the time without being functions.
var keyword = regexp.MustCompile(`(?i)current_(?:timestamp|date|time)|local(?:timestamp|time)`)

// token is what has to be told apart to find a keyword: comments, strings with
// and without backslashes, quoted names, dollar quotes, words, and the dot
// before the name of a column. A quote that is never closed reaches to the end:
// text between dollar quotes need not be SQL.
var token = regexp.MustCompile(`--[^\n]*|/\*|(?s:[eE]'(?:[^'\\]|\\.|'')*(?:'|\\?\z))|'(?:[^']|'')*(?:'|\z)|"(?:[^"]|"")*(?:"|\z)|\$(?:[\pL_][\pL\d_]*)?\$|[\pL_][\pL\d_$]*|\.`)

// calling rewrites a text of SQL so that its keywords become calls of the
// functions that Install made: CURRENT_TIMESTAMP is "current_timestamp"(), and
// CURRENT_TIMESTAMP(3) is "current_timestamp"(3). Strings and comments stay; the
// text between dollar quotes is taken for the body of a function.
func calling(sql string) string {
	if !keyword.MatchString(sql) {
		return sql
	}
	var out strings.Builder
	before := "" // the token before, which tells names from keywords
	for sql != "" {
		at := token.FindStringIndex(sql)
		if at == nil {
			break
		}
		text := sql[at[0]:at[1]]
		out.WriteString(sql[:at[0]])
		sql = sql[at[1]:]
		switch {
		case text == "/*":
			end := commentEnd(sql)
			out.WriteString(text + sql[:end])
			sql = sql[end:]
			continue // a comment is no token before
		case strings.HasPrefix(text, "--"):
			out.WriteString(text)
			continue
		case text[0] == '$':
			body, rest, closed := strings.Cut(sql, text)
			out.WriteString(text + calling(body))
			if sql = rest; closed {
				out.WriteString(text)
			}
		case isKeyword(text) && before != "." && !strings.EqualFold(before, "as"):
			out.WriteString(`pg_catalog."` + strings.ToLower(text) + `"`)
			if !strings.HasPrefix(strings.TrimLeft(sql, " \t\r\n"), "(") {
				out.WriteString("()")
			}
		default:
			out.WriteString(text)
		}
		before = text
	}
	return out.String() + sql
}

func isKeyword(word string) bool {
	return keyword.FindString(word) == word
}

// commentEnd is where a comment ends whose beginning was read: they nest.
func commentEnd(sql string) int {
	for i, depth := 0, 1; i < len(sql)-1; i++ {
		switch sql[i : i+2] {
		case "/*":
			depth++
			i++
		case "*/":
			depth--
			i++
		}
		if depth == 0 {
			return i + 1
		}
	}
	return len(sql)
}
