package address

import (
	"path/filepath"
	"slices"
	"strings"
)

// File is the path that a value gives if it is one of a SQLite file alone, without the
// sqlite: before it. Such a value holds no password, since no DSN ends so.
func File(value string) (path string, ok bool) {
	path = strings.TrimPrefix(value, "file:")
	ok = !strings.ContainsAny(path, ":@= ") && slices.Contains([]string{".db", ".sqlite", ".sqlite3"}, filepath.Ext(path))
	return path, ok
}
